import Migration
import Testing

@Suite("What a runbook says of its run")
struct RunWordsTests {
    private let words = RunWords(.ofOneStep, "r-20261201-0001", .announce)

    @Test("is filled in; servers and secrets stay for who knows them")
    func fills() {
        let work = ExecWork(
            command: [
                "announce", "{{ run }} of {{environment}}: {{ oldColor }} to {{ color }}", "{{ control[0].address }}",
                "${env:A_{{ run }}} {{ step }} ${file:/x} {{ phase }}",
            ], undo: ["announce", "{{ run }}", "cancelled"]
        ).named(by: words)
        #expect(
            work.command == [
                "announce", "r-20261201-0001 of shop: blue to green", "{{ control[0].address }}",
                "${env:A_{{ run }}} drain/announce ${file:/x} drain",
            ])
        #expect(work.undo == ["announce", "r-20261201-0001", "cancelled"])
    }

    @Test("is in the environment of programs, under what the runbook gives them")
    func variables() {
        let work = ExecWork(command: ["x"], variables: ["RZ_STEP": "mine", "TO": "{{ color }}"]).named(by: words)
        #expect(
            work.variables == [
                "RZ_ENVIRONMENT": "shop", "RZ_RUN": "r-20261201-0001", "RZ_COLOR": "green", "RZ_OLD_COLOR": "blue",
                "RZ_PHASE": "drain", "RZ_STEP": "mine", "TO": "green",
            ])
    }

    @Test("stands in requests, too")
    func requests() {
        let work = HTTPWork(
            url: "http://chat/{{ environment }}", headers: ["X-Run": "{{ run }}"], body: "{\"text\": \"{{ color }}\"}"
        ).named(by: words)
        #expect(work.url == "http://chat/shop" && work.headers == ["X-Run": "r-20261201-0001"])
        #expect(work.body == "{\"text\": \"green\"}")
    }

    @Test("stays a text of JSON in a body that is JSON, and is as it is in any other")
    func json() {
        var state = RunState(run: "r-1", phases: [Phase("drain")])
        state.phase = "drain"
        let words = RunWords(.ofOneStep, state, .announce, failure: Failure("it says \"no\" in C:\\x"))
        func body(_ text: String) -> String? {
            HTTPWork(url: "http://x", body: Setting(text)).named(by: words).body?.text
        }
        #expect(body(" {\"text\": \"{{ phase }}: {{ reason }}\"}") == #" {"text": "drain: it says \"no\" in C:\\x"}"#)
        #expect(body("{{ reason }}") == #"it says "no" in C:\x"#)
        let program = ExecWork(command: ["page"]).named(by: words)
        #expect(program.variables["RZ_REASON"] == #"it says "no" in C:\x"#)
        #expect(program.variables["RZ_PHASE"] == "drain")
    }

    @Test("is every name alone in its braces")
    func names() {
        #expect(RunWords.words(in: "{{ run }} {{ a[0].b }} {{colour}} ${env:{{ x }}} {{ open") == ["run", "colour"])
    }
}

extension Step {
    static let announce = Step(
        id: "drain/announce", phase: "drain", title: "announce", action: .wait(.seconds(1)), deadline: .seconds(1))
}

extension Plan {
    /// Of blue's move, with the announcement alone.
    static let ofOneStep = Plan(
        id: "p", environment: Environment(name: "shop"), direction: Direction(from: .blue),
        createdAt: Instant(milliseconds: 0), source: PinnedSource(commit: nil),
        world: World(live: .blue, servers: [:], services: [:], backends: [:], configuration: ""), steps: [.announce])
}
