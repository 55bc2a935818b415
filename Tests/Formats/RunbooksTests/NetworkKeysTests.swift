import Migration
import Operations
import Runbooks
import Testing

@Suite("The keys that say where calls may go")
struct NetworkKeysTests {
    private func environment(_ source: String, top: String = "") throws -> Environment {
        try Project().environment(
            Sample.environment.replacing(
                "    - marathon: { url: \"http://{{ control[0].address }}:8080\" }\n", with: "    - \(source)\n") + top)
    }

    @Test("`proxy` names one proxy, and the hosts that are called without it")
    func proxy() throws {
        let source = "marathon: { url: \"http://m\" }"
        #expect(try environment(source).proxy == nil)
        let top = "proxy: { url: \"http://${env:USER}@p:3128\", except: [ \"*.example.org\" ] }\n"
        #expect(
            try environment(source, top: top).proxy
                == ProxyRules(url: "http://${env:USER}@p:3128", except: ["*.example.org"]))
    }

    @Test("`leaders` stands at each place whose server may redirect to its leader")
    func leaders() throws {
        let leaders = "leaders: [ m2.example.org, 10.0.0.2 ]"
        let hosts = ["m2.example.org", "10.0.0.2"]
        #expect(
            try environment("marathon: { url: \"http://m\", \(leaders) }").services.sources
                == [.marathon(.init(url: "http://m", leaders: hosts))])
        #expect(
            try environment("metronome: { url: \"http://m\", \(leaders) }").services.sources
                == [.metronome(.init(url: "http://m", leaders: hosts))])
        #expect(
            try environment("chronos: { url: \"http://m\", \(leaders) }").services.sources
                == [.chronos(.init(url: "http://m", leaders: hosts))])
        let compose = try environment(
            "compose: { url: \"http://c\", files: a, \(leaders), mesos: { url: \"http://m\", \(leaders) } }",
            top: "platform: { mesos: { master: \"http://m\", \(leaders) } }\n")
        #expect(compose.platform?.leaders == hosts)
        #expect(
            compose.services.sources == [
                .compose(
                    .init(
                        access: .init(url: "http://c", leaders: hosts), files: ["a"],
                        mesos: .init(url: "http://m", leaders: hosts)))
            ])
    }

    @Test("`leaders` takes hosts, and no URLs", arguments: ["http://m2", "m2:8080", "m2/x", "u@m2", "-m2"])
    func noHost(text: String) throws {
        let error = try #require(throws: ConfigurationError.self) {
            try environment("marathon: { url: \"http://m\", leaders: [ \"\(text)\" ] }")
        }
        #expect("\(error)".contains("write a host as a name or an address, without http:// and port"), "\(error)")
    }

    @Test("`redirects` of a request says how many are followed, and is refused where it holds a secret")
    func redirects() throws {
        func text(_ request: String) -> String {
            Sample.runbook.changing(
                "  soak:\n    steps:\n",
                to: "  soak:\n    steps:\n      - { id: hook, timeout: 5s, http: { \(request) } }\n")
        }
        let plain = try Project().runbook(text("url: \"https://a/b\", redirects: 2"))
        #expect(plain.phases[.soak]?.steps.first?.work == .http(HTTPWork(url: "https://a/b", redirects: 2)))
        for request in [
            "url: \"https://a/${env:T}\"", "url: \"https://a/\", headers: { X: \"${env:T}\" }",
            "url: \"https://a/\", body: \"${env:T}\"",
        ] {
            let problems = try Project.problems(runbook: text(request + ", redirects: 2"))
            #expect(problems.count == 1)
            #expect(problems.first?.contains("a request that holds a secret follows no redirect") == true)
        }
    }
}
