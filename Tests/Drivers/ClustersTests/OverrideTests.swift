import JSON
import Migration
import Testing

@testable import Clusters

@Suite("An override")
struct OverrideTests {
    private let app = #"""
        {"id":"/shop/cart","cmd":"run","instances":2,"cpus":0.5,"requirePorts":false,"env":{"CACHE_HOST":"10.1.0.7","N":"1"},
         "labels":{"rz.mode":"exclusive"},"portDefinitions":[{"port":10001,"protocol":"tcp"}],"constraints":[["rack","IS","r1"]]}
        """#

    @Test(
        "sets a field",
        arguments: [
            ("env.CACHE_HOST", "10.2.0.7", #""env":{"CACHE_HOST":"10.2.0.7","N":"1"}"#),
            ("env.NEW", "x", #""env":{"CACHE_HOST":"10.1.0.7","N":"1","NEW":"x"}"#),
            ("env.NEW", "5", #""N":"1","NEW":"5"}"#), ("env.N", "true", #""N":"true"}"#),
            ("env.cluster.name", "green", #""N":"1","cluster.name":"green"}"#),
            ("env.N.secret", "db/password", #""N":{"secret":"db/password"}}"#),
            ("labels.rz.mode", "parallel", #""labels":{"rz.mode":"parallel"}"#),
            ("labels.HAPROXY_0_PORT", "80", #""HAPROXY_0_PORT":"80"}"#), ("cpus", "2", #""cpus":2,"#),
            ("instances", "4", #""instances":4,"#), ("requirePorts", "true", #""requirePorts":true"#),
            ("portDefinitions.0.port", "10009", #"[{"port":10009,"protocol":"tcp"}]"#),
            ("portDefinitions.1.port", "10010", #"{"port":10001,"protocol":"tcp"},{"port":10010}]"#),
            ("constraints.0.2", "r7", #"[["rack","IS","r7"]]"#),
            ("constraints", #"[["rack","UNIQUE"]]"#, #"[["rack","UNIQUE"]]"#),
            ("taskKillGracePeriodSeconds", "30", #""taskKillGracePeriodSeconds":30"#),
            ("user", "1000", #""user":"1000""#),
            ("cmd", "7", #""cmd":"7""#), ("container.docker.image", "1.5", #""container":{"docker":{"image":"1.5"}}"#),
            ("args.0", "8", #""args":["8"]"#),
            ("portDefinitions[0].port", "10009", #"[{"port":10009,"protocol":"tcp"}]"#),
            ("constraints[0=rack][2]", "r7", #"[["rack","IS","r7"]]"#), ("env[a.b]", "7", #""a.b":"7"}"#),
            ("labels.a[b].c", "x", #""a[b].c":"x""#),
        ])
    func sets(path: String, value: String, expected: String) throws {
        var definition = try definition(app)
        let changes = try definition.apply(
            [Override(match: .id("*"), set: [path: Setting(value)])], inventory: nil, resolver: resolver())
        #expect(definition.text.contains(expected), "\(definition.text)")
        #expect(changes.count == 1)
    }

    @Test(
        "names an element of a list by one of its fields, with dots in it too, and is reported by its index",
        arguments: [
            ("portDefinitions[name=http].port", "portDefinitions.1.port"),
            ("portDefinitions.name=http.port", "portDefinitions.1.port"),
            ("portDefinitions[port=10001].labels.a.b", "portDefinitions.0.labels.a.b"),
            ("container.volumes[containerPath=/etc/a.conf].mode", "container.volumes.0.mode"),
        ])
    func named(path: String, resolved: String) throws {
        var definition = try definition(
            #"""
            {"id":"/a","portDefinitions":[{"port":10001,"name":"x"},{"port":10002,"name":"http"}],
             "container":{"volumes":[{"containerPath":"/etc/a.conf"}]}}
            """#)
        let changes = try definition.apply(
            [Override(match: .id("*"), set: [path: "9"])], inventory: nil, resolver: resolver())
        #expect(changes.map(\.path) == [resolved])
        #expect(try definition.value(at: FieldPath(resolved)).map { $0.string ?? $0.compact } == "9")
        let removed = try definition.apply(
            [Override(match: .id("*"), remove: [path])], inventory: nil, resolver: resolver())
        #expect(removed.map(\.path) == [resolved])
    }

    @Test("of a pod knows its variables", arguments: ["environment.A.B", "containers[name=c].environment.A.B"])
    func pod(path: String) throws {
        var definition = try definition(#"{"id":"/p","containers":[{"name":"c"}],"environment":{}}"#)
        _ = try definition.apply(
            [Override(match: .id("*"), set: [path: "1"])], inventory: nil, resolver: resolver())
        #expect(definition.text.contains(#""environment":{"A.B":"1"}"#))
    }

    @Test("gives a service its mode, the last one that says something, else the service's own label")
    func mode() throws {
        func mode(_ overrides: [Override]) throws -> (ServiceMode, String?) {
            let run = try OverrideRun(
                JSON(parsing: app), of: "/shop/cart", overrides, inventory: nil, resolver: resolver())
            return (run.mode.mode, run.mode.reason)
        }
        #expect(try mode([]) == (.exclusive, "mode exclusive, by its label rz.mode"))
        let manual = Override(match: .id("/shop/*"), mode: .manual)
        #expect(try mode([manual, Override(match: .id("*"), set: ["cmd": "x"])]).0 == .manual)
        #expect(
            try mode([manual, Override(match: .label(name: "rz.mode", value: "exclusive"), mode: .skip)])
                == (.skip, "mode skip, by the override for label rz.mode=exclusive"))
        #expect(try mode([Override(match: .id("*"), remove: ["labels.rz.mode"])]) == (.parallel, nil))
    }

    @Test(
        "removes a field",
        arguments: [
            ("env.N", #""env":{"CACHE_HOST":"10.1.0.7"}"#), ("constraints.0", #""constraints":[]"#),
            ("portDefinitions.0.protocol", #"[{"port":10001}]"#), ("labels.rz.mode", #""labels":{}"#),
        ])
    func removes(path: String, expected: String) throws {
        var definition = try definition(app)
        let changes = try definition.apply(
            [Override(match: .id("*"), remove: [path])], inventory: nil, resolver: resolver())
        #expect(definition.text.contains(expected), "\(definition.text)")
        #expect(changes.map(\.to) == [nil])
    }

    @Test(
        "that removes what is not there changes nothing",
        arguments: ["env.X", "nothing", "constraints.5", "constraints.x", "cmd.x", "a.b.c", "portDefinitions.7.port"])
    func removesNothing(path: String) throws {
        var definition = try definition(app)
        let before = definition
        #expect(
            try definition.apply([Override(match: .id("*"), remove: [path])], inventory: nil, resolver: resolver())
                == [])
        #expect(definition == before)
    }

    @Test(
        "that fits no place in the definition is a failure and breaks nothing",
        arguments: [
            "portDefinitions.5.port", "portDefinitions.x", "cmd.x", "cpus.y", "constraints.0.7",
            "portDefinitions[name=none].port", "container.volumes[name=a].mode", "fetch.1.uri",
        ])
    func misfits(path: String) throws {
        let shown = path.replacing("[", with: ".").replacing("]", with: "")
        #expect(try refusal(of: path) == "An override can't set \(shown)")
    }

    @Test(
        "that is no path is a failure and breaks nothing",
        arguments: [
            "", "env..X", ".", "portDefinitions[0", "portDefinitions[0]port", "portDefinitions[0].",
            "portDefinitions[]",
        ])
    func malformed(path: String) throws {
        #expect(try refusal(of: path) == "“\(path)” is not a path into a definition")
    }

    @Test("of the id is a failure and breaks nothing")
    func identity() throws {
        #expect(try refusal(of: "id") == "An override can't change the id of /shop/cart")
    }

    /// How an override of a path is refused; the definition must be as it was.
    private func refusal(of path: String) throws -> String {
        var definition = try definition(app)
        let before = definition
        let failure = try #require(throws: Failure.self) {
            try definition.apply([Override(match: .id("*"), set: [path: "x"])], inventory: nil, resolver: resolver())
        }
        #expect(definition == before)
        return failure.summary
    }

    @Test(
        "applies to the services that it matches",
        arguments: [
            (Override.Match.id("/shop/cart"), true), (.id("/shop/*"), true), (.id("/shop"), false), (.id("*"), true),
            (.label(name: "rz.mode", value: "exclusive"), true), (.label(name: "rz.mode", value: "x"), false),
            (.label(name: "none", value: ""), false),
        ])
    func matching(match: Override.Match, isMatched: Bool) throws {
        var definition = try definition(app)
        let changes = try definition.apply(
            [Override(match: match, set: ["cmd": "other"])], inventory: nil, resolver: resolver())
        #expect(changes.isEmpty == !isMatched)
    }

    @Test("fills in the new color's servers, and keeps the templates while there are none")
    func templates() throws {
        let rule = Override(match: .id("*"), set: ["env.CACHE_HOST": "{{ cache[0].address }}"])
        let inventory = Inventory(groups: ["cache": [Host(name: "c", address: "10.2.0.7")]])
        var planned = try definition(app)
        #expect(
            try planned.apply([rule], inventory: nil, resolver: resolver())
                == [FieldChange(path: "env.CACHE_HOST", from: Secrets.mask, to: "{{ cache[0].address }}")])
        var launched = try definition(app)
        #expect(
            try launched.apply([rule], inventory: inventory, resolver: resolver())
                == [FieldChange(path: "env.CACHE_HOST", from: Secrets.mask, to: "10.2.0.7")])
        var nowhere = try definition(app)
        let failure = #expect(throws: Failure.self) {
            try nowhere.apply([rule], inventory: Inventory(), resolver: resolver())
        }
        #expect(failure?.summary == "{{ cache[0].address }} has no value")
    }

    @Test("masks what comes from secrets, before and after")
    func secrets() throws {
        var definition = try definition(app)
        let rule = Override(
            match: .id("*"), set: ["env.CACHE_HOST": "redis://:${env:PW}@h", "env.HOME": "${rz:home}/x"])
        let changes = try definition.apply(
            [rule], inventory: Inventory(), resolver: resolver(["PW": "hun{{ter2", "home": "/var/rz"]))
        #expect(
            changes == [
                FieldChange(path: "env.CACHE_HOST", from: Secrets.mask, to: Secrets.mask),
                FieldChange(path: "env.HOME", from: nil, to: "/var/rz/x"),
            ])
        #expect(definition.json["env"]?["CACHE_HOST"]?.string == "redis://:hun{{ter2@h")
    }

    @Test("masks all variables at once, too, where a service has none any more, or had none")
    func allVariables() {
        let changes = Differences.between(["cmd": "x"], ["cmd": "x", "env": ["PIN": "4711"]])
        #expect(changes == [FieldChange(path: "env", from: nil, to: Secrets.mask)])
        let labels = Differences.between([:], ["labels": ["env": "test"]])
        #expect(labels.allSatisfy { $0.to?.contains("test") == true })
    }

    @Test("shows the values of variables to who asks for them, and still none that is secret")
    func shownValues() throws {
        let rule = Override(
            match: .id("*"), set: ["env.N": "${env:PW}", "env.API_TOKEN": "x"], remove: ["env.CACHE_HOST"])
        var definition = try definition(app)
        let changes = try LiveValues.$areShown.withValue(true) {
            try definition.apply([rule], inventory: nil, resolver: resolver(["PW": "hunter2"]))
        }
        #expect(
            changes == [
                FieldChange(path: "env.API_TOKEN", from: nil, to: Secrets.mask),
                FieldChange(path: "env.N", from: Secrets.mask, to: Secrets.mask),
                FieldChange(path: "env.CACHE_HOST", from: "10.1.0.7", to: nil),
            ])
    }

    @Test("masks what is called like a secret", arguments: ["env.DB_PASSWORD", "env.apiToken", "labels.x.secret-key"])
    func secretNames(path: String) throws {
        var definition = try definition(app)
        let set = try definition.apply(
            [Override(match: .id("*"), set: [path: "clear"])], inventory: nil, resolver: resolver())
        let removed = try definition.apply(
            [Override(match: .id("*"), remove: [path])], inventory: nil, resolver: resolver())
        #expect(set.map(\.to) == [Secrets.mask])
        #expect(removed.map(\.from) == [Secrets.mask])
    }

    @Test("that says what is so already is no change")
    func noChange() throws {
        var definition = try definition(app)
        let rule = Override(match: .id("*"), set: ["cpus": "0.5", "env.N": "1", "requirePorts": "false"])
        #expect(try definition.apply([rule], inventory: nil, resolver: resolver()) == [])
    }

    @Test("after another one sees what that one did")
    func order() throws {
        var definition = try definition(app)
        let changes = try definition.apply(
            [
                Override(match: .id("*"), set: ["labels.team": "a"]),
                Override(match: .label(name: "team", value: "a"), set: ["cmd": "second"]),
            ], inventory: nil, resolver: resolver())
        #expect(changes.map(\.path) == ["labels.team", "cmd"])
    }
}
