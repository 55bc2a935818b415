import Migration
import Operations
import Testing

@testable import Runbooks

@Suite("A mistake in a file")
struct MistakeTests {
    private func problems(_ changed: String) throws -> [String] { try Project.problems(environment: changed) }

    @Test("is reported with file, line, column and the nearest key")
    func unknownKey() throws {
        let project = try Project()
        let text = Sample.environment.changing("name: shop\n", to: "name: shop\nrunbok: rz-update\n")
        let error = #expect(throws: ConfigurationError.self) { try project.environment(text) }
        #expect(
            error?.description
                == "environments/shop/environment.yaml:3:1: unknown key \"runbok\"; did you mean \"runbook\"?")
        #expect(error?.problems.first?.path == "runbok")
        #expect(error?.problems.first?.suggestion == "runbook")
    }

    @Test("about a load balancer of another kind is reported where it was made")
    func kindsOfLoadBalancers() throws {
        let traefik = "traefik: { api: \"http://edge-3:8080\", file: /etc/traefik/rz.yml }"
        let haproxy = try #require(Sample.environment.firstRange(of: /haproxy: \{[^\n]*\}/))
        var text = Sample.environment
        text.replaceSubrange(haproxy, with: traefik)
        #expect(
            try problems(text).contains {
                $0.contains("edge-1 is a Traefik: its weighted services are named with their provider, `be_shop@file`")
            })
        #expect(try problems(text.changing("be_shop", to: "shop@file")) == [])
        #expect(
            try problems(Sample.environment.changing("be_shop", to: "shop@file")).contains {
                $0.contains("edge-1 is an HAProxy: names in HAProxy have letters")
            })
        let redis = "traefik: { api: \"http://edge-3:8080\", redis: { address: \"edge-3:6379\" } }"
        text.replaceSubrange(try #require(text.firstRange(of: traefik)), with: redis)
        #expect(
            try problems(text.changing("be_shop", to: "shop@file")).contains {
                $0.contains("weighted services are named with their provider, `shop@redis`")
            })
        #expect(try problems(text.changing("be_shop", to: "shop@redis")) == [])
        #expect(
            try problems(text.changing("\"edge-3:6379\"", to: "\"rediss://edge-3:6379\", password: open")).filter {
                $0.contains("write the address as host:port") || $0.contains("a secret is named by a reference")
            }.count == 2)
        #expect(
            try problems(text.changing("redis: {", to: "file: /etc/rz.yml, redis: {")).contains {
                $0.contains("file and redis can't be given together")
            })
        let alb =
            "alb: { region: eu-central-1, rules: { be_api: \"arn:aws:a\" }, accessKey: A, secretKey: open }"
        text.replaceSubrange(try #require(text.firstRange(of: redis)), with: alb)
        let found = try problems(text)
        #expect(found.contains { $0.contains("edge-1 is an ALB: name the listener rule of be_shop under its `rules`") })
        #expect(found.contains { $0.contains("a secret is named by a reference") })
        #expect(
            try problems(text.changing("be_api", to: "be_shop").changing("open", to: "\"${env:SECRET}\"")) == [])
        text.replaceSubrange(try #require(text.firstRange(of: alb)), with: "color: blue")
        #expect(try problems(text).contains { $0.contains("traefik") && $0.contains("haproxy") })
    }

    @Test(
        "about a backend that two rules move names the other one; rules with a map of their own have names of their own"
    )
    func sharedBackends() throws {
        func problems(_ rules: [String]) throws -> [String] {
            let rule = "backend: be_shop\n    servers: { blue: \"blue-*\", green: \"green-*\" }\n"
            return try self.problems(
                Sample.environment.changing("  - \(rule)", to: rules.map { "  - { \($0) }\n" }.joined())
                    .changing("traffic:\n", to: "  - { name: edge-7, haproxy: { socket: \"tcp:a:1\" } }\ntraffic:\n"))
        }
        func item(_ name: String, _ balancer: String, map: String, key: String = "active") -> String {
            "backend: \(name), loadBalancers: [\(balancer)], switch: { map: \(map), key: \(key), "
                + "backends: { blue: be_b, green: be_g } }"
        }
        #expect(try problems([item("a", "edge-1", map: "/a.map"), item("b", "edge-7", map: "/b.map")]) == [])
        let twice = try problems([item("a", "edge-1", map: "/a.map"), item("a", "edge-7", map: "/b.map")])
        #expect(twice.count == 1)
        #expect(twice.first?.hasSuffix("listed twice: a switch may have any name, so give each rule its own") == true)
        let keys = try problems([item("a", "edge-1", map: "/a.map"), item("b", "edge-1", map: "/a.map", key: "other")])
        #expect(keys.count == 2, "\(keys)")
        #expect(
            keys.first?.hasSuffix(
                "be_b on edge-1 is moved by a, too. Let all frontends ask for the same entry of one map, and move them "
                    + "in one rule") == true, "\(keys)")
        let weights = "backend: be_g, servers: { blue: \"blue-*\", green: \"green-*\" }"
        let both = try problems([item("a", "edge-1", map: "/a.map"), weights])
        #expect(both.count == 1)
        #expect(both.first?.hasSuffix("be_g on edge-1 is moved by a, too. Move it in one of them") == true, "\(both)")
    }

    @Test("about a socket or a state file that two load balancers have names the other one")
    func sharedPlaces() throws {
        func problems(_ first: String, _ second: String) throws -> [String] {
            let balancers = [first, second].enumerated().map { "  - { name: more-\($0), haproxy: { \($1) } }\n" }
            return try self.problems(
                Sample.environment.changing("traffic:\n", to: balancers.joined() + "traffic:\n"))
        }
        #expect(try problems("socket: \"tcp:a:1\"", "socket: \"tcp:a:2\"") == [])
        #expect(
            try problems("socket: \"tcp:a:1\"", "socket: \"tcp:a:1\"").map {
                $0.contains("more-0 has this socket, too")
            }
                == [true])
        let state = "stateFile: /var/lib/haproxy/state"
        #expect(
            try problems("socket: \"tcp:a:1\", \(state)", "socket: \"tcp:a:2\", \(state)").map {
                $0.contains("more-0 has this stateFile, too")
            } == [true])
        let none = "stateFile: { none: \"it is elsewhere\" }"
        #expect(try problems("socket: \"tcp:a:1\", \(none)", "socket: \"tcp:a:2\", \(none)") == [])
    }

    @Test("does not hide the others, and causes no more messages than there are mistakes")
    func allAtOnce() throws {
        let text = Sample.environment
            .changing("name: shop", to: "name: [shop]")
            .changing("terraform: { root: terraform/servers }", to: "teraform: { root: terraform/servers }")
            .changing("- marathon:", to: "- marathn:")
            .changing("blue: \"blue-*\", ", to: "")
        let problems = try problems(text + "soak: 15\ndrain: { quiet: fast, atDeadline: forse }\nsoak: 3m\n")
        #expect(
            problems == [
                "2:7: a text is expected here, not a list",
                "4:3: unknown key \"teraform\"; did you mean \"terraform\"?",
                "7:7: unknown key \"marathn\"; did you mean \"marathon\"?",
                "13:14: \"blue\" is missing",
                "14:7: “15”: a length of time is written as 500ms, 30s, 1m30s or 2h",
                "15:17: “fast”: a length of time is written as 500ms, 30s, 1m30s or 2h",
                "15:35: “forse” must be one of hold, rollback, force; did you mean \"force\"?",
                "16:1: the key \"soak\" comes twice",
            ])
    }

    @Test(
        "in how Marathon learns who asks, or in an override, is reported",
        arguments: [
            ("token: \"${env:T}\", user: u", "7:", "`token` stands in the place of"),
            ("login: \"https://l\", user: u", "7:", "`login` needs `user` and `password`"),
        ])
    func access(keys: String, line: String, message: String) throws {
        let problems = try problems(Sample.environment.changing(":8080\" }", to: ":8080\", \(keys) }"))
        #expect(problems.count == 1 && problems[0].hasPrefix(line) && problems[0].contains(message), "\(problems)")
    }

    @Test(
        "is a secret that is written in the file, whatever it looks like and wherever it stands: no message repeats it",
        arguments: ["s3cret-word", "4711", "true", "\"s3cret-${env:PART}\"", "\"${env:PART}-4711\""])
    func openSecret(_ secret: String) throws {
        let problems = try problems(
            Sample.environment.changing(":8080\" }", to: ":8080\", user: u, password: \(secret) }"))
        #expect(problems.count == 1 && problems[0].contains("a secret is named by a reference"), "\(problems)")
        #expect(!"\(problems)".contains("4711") && !"\(problems)".contains("s3cret"))
    }

    @Test("is a secret in every place that has one, not in some")
    func everySecret() {
        let named = fields(of: EnvironmentFormat.shape).filter {
            ["password", "token", "secretKey", "sessionToken"].contains($0.name)
        }
        #expect(named.count > 10)
        for field in named {
            guard case .string(let pattern, references: true) = field.shape, pattern.isSecret else {
                Issue.record("\(field.name), \(field.meaning), may stand in the file")
                continue
            }
        }
    }

    private func fields(of shape: Shape) -> [Field] {
        switch shape {
        case .object(let fields, _, let rest):
            fields.flatMap { [$0] + self.fields(of: $0.shape) } + (rest.map(self.fields) ?? [])
        case .list(let shape, _), .map(let shape): fields(of: shape)
        case .either(let shapes): shapes.flatMap(fields)
        default: []
        }
    }

    @Test(
        "in an override is reported",
        arguments: [
            ("{ match: /a, mode: exclusiv }", "“exclusiv” must be one of parallel, exclusive"),
            ("{ match: /a, accept: { hostpath: x } }", "did you mean \"hostPath\"?"),
            ("{ match: /a, accept: { refused: x } }", "unknown key \"refused\""), ("{ match: /a }", "changes nothing"),
        ])
    func override(override: String, message: String) throws {
        let text = Sample.environment.changing("  sources:", to: "  overrides: [ \(override) ]\n  sources:")
        let problems = try problems(text)
        #expect(problems.count == 1 && problems[0].contains(message), "\(problems)")
    }

    @Test("in the path of a value is reported by its keys")
    func path() throws {
        let text =
            Sample.environment + "gates: { cutOver: { steps: [ { share: 1%, bake: 1s }, { weight: x, bake: 1s } ] } }"
        let error = #expect(throws: ConfigurationError.self) { try Project().environment(text) }
        #expect(error?.problems.map(\.path) == ["gates.cutOver.steps[1].weight"])
    }

    @Test(
        "of kind is reported with what is expected",
        arguments: [
            ("soak: 30", "“30”: a length of time is written as 500ms, 30s, 1m30s or 2h"),
            ("soak: 1m90", "“1m90”: a length of time is written as 500ms, 30s, 1m30s or 2h"),
            ("soak: 99999999999999999999d", "a length of time is written as"),
            ("drain: { deadline: 0s }", "here longer than nothing"),
            ("gates: { cutOver: { steps: [ { share: 120%, bake: 1s } ] } }", "a percentage is written as 0.1% or 50%"),
            ("gates: { cutOver: { steps: [ { weight: 0.5, bake: 1s } ] } }", "a percentage is written as 0.1% or 50%"),
            ("git: { requireClean: yes }", "“yes” is neither true nor false"),
            ("git: { requireClean: \"true\" }", "“true” is neither true nor false"),
            ("git: [ requireClean ]", "keys with values are expected here, not a list"),
            ("limits: { minHealthy: 0 }", "“0” is not a whole number from 1 to 10000"),
            ("limits: { minHealthy: most }", "a percentage or a whole number is expected here"),
            ("limits: { minHealthy: 120% }", "“120%”: a percentage is written as 0.1% or 50%, from 0% to 100%"),
            ("limits: { maxStep: 0% }", "with 0% the new color would never get a share"),
            ("limits: { maxStep: 20 }", "“20”: a percentage is written as 0.1% or 50%, from 0% to 100%"),
            (
                "limits: { peaks: [ { name: a, url: \"http://p\", query: \"b{{ backend }}\", series: c } ] }",
                "`peaks` are asked for `headroom`, which is not set"
            ),
            (
                "limits: { headroom: 1.3, peaks: [ { name: a, url: \"http://p\", query: b, series: c } ] }",
                "it is the same for every backend: write `{{ backend }}` where the query names one, or name the one that it "
                    + "is for: `backend`"
            ),
            (
                "limits: { headroom: 1.3, peaks: [ { backend: be, name: a, url: \"http://p\", query: b, series: c } ] }",
                "there is no backend be under `traffic`"
            ),
            ("limits: { headroom: 0.9 }", "below 1 the new color might not take what the live one had"),
            (
                "limits: { flipWithin: 0s }",
                "“0s”: a length of time is written as 500ms, 30s, 1m30s or 2h, here longer than nothing"
            ),
            ("limits: { launches: 101 }", "“101” is not a whole number from 1 to 100"),
            ("limits: { launches: \"8\" }", "“8” is not a whole number from 1 to 100"),
            ("limits: { launches: 1.5 }", "“1.5” is not a whole number from 1 to 100"),
            ("limits:", "keys with values are expected here, not nothing"),
            ("runbook:", "a value is missing here"),
            ("runbook: ~", "a value is missing here"),
            ("runbook: 7", "a text is expected here; write it in quotes: \"7\""),
            ("runbook: ../../etc/passwd", "a name has letters, digits"),
            ("approvals: { tearDown: [ 1 ] }", "a whole number or a mapping is expected here"),
            ("approvals: { tearDwon: 1 }", "unknown key \"tearDwon\"; did you mean \"tearDown\"?"),
            ("approvals: { tearDown: { waived: \"\" } }", "it is empty"),
            ("configure: { ansible: { playbook: \"${env:BOOK}\" } }", "holds no ${…}: nothing resolves it here"),
            (
                "gates: { service: { probes: [ { timeout: 1s } ] } }",
                "one of http, tcp, command, zookeeper, mesosDNS, redis, vault, traefik, prometheus is needed here"
            ),
            (
                "gates: { service: { probes: [ { tcp: {}, command: [ a ] } ] } }",
                "tcp and command can't be given together"
            ),
            ("gates: { cutOver: { analysis: [ { loadBalancers: { minRequests: 5 } } ] } }", "judges nothing"),
            ("? [ a ]\n: 1", "a key is a text"),
            ("git: { <<: { requireClean: true } }", "`<<` is not supported; an alias of a whole value is"),
        ])
    func kinds(line: String, expected: String) throws {
        let problems = try problems(Sample.environment + line + "\n")
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.contains(expected) == true, "\(problems)")
    }

    @Test(
        "in a reference is reported with its place",
        arguments: [
            ("${HOME}", "did you mean \"${env:HOME}\"?"), ("${environment:X}", "refers to nothing"),
            ("${evn:X}", "did you mean \"${env:X}\"?"), ("${rz:root}", "did you mean \"${rz:home}\"?"),
            ("${file:${rz:hme}/x}", "did you mean \"${rz:home}\"?"), ("${env:}", "refers to nothing"),
        ])
    func references(reference: String, expected: String) throws {
        let text = Sample.environment.changing("unix:/run/haproxy/admin.sock", to: "unix:" + "/run/\(reference)")
        let problems = try problems(text)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("10:24: ") == true, "\(problems)")
        #expect(problems.first?.contains(expected) == true, "\(problems)")
    }

    @Test(
        "of syntax is reported with its place",
        arguments: [
            ("a: [1\nb: 2\n", "2:2: not valid YAML: did not find expected ',' or ']'"),
            ("a: \"\\q\"\n", "1:5: not valid YAML: found unknown escape character"),
            ("a: *nowhere\n", "1:4: not valid YAML: found undefined alias"),
            ("\tx: 1\n", "1:1: not valid YAML"), ("a: 1\n---\nb: 2\n", "2:1: not valid YAML"),
            ("a: 1\nb: \u{1}\n", "2:4: not valid YAML: control characters are not allowed"),
            ("# nothing\n", "1:1: the file is empty"), ("", "1:1: the file is empty"),
        ])
    func syntax(text: String, expected: String) throws {
        let problems = try problems(text)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
    }

    @Test("that repeats keys is reported once for each, also with other mistakes in the file")
    func repeatedKeys() throws {
        let text = Sample.environment
            .changing("name: shop\n", to: "name: shop\nname: shop\nsoak: 1m\n")
            .changing("  - name: edge-1\n", to: "  - name: edge-1\n    name: edge-2\n")
        let problems = try problems(text + "git:\n  requireClean: true\n  requireClean: maybe\nsoak: 2m\nwait: 1s\n")
        #expect(
            problems.map { $0.prefix { $0 != ";" } } == [
                "3:1: the key \"name\" comes twice", "12:5: the key \"name\" comes twice",
                "19:3: the key \"requireClean\" comes twice", "20:1: the key \"soak\" comes twice",
                "21:1: unknown key \"wait\"",
            ])
    }

    @Test("that repeats keys within braces is reported by the place of the second")
    func repeatedKeysInFlow() throws {
        let problems = try problems(Sample.environment + "git: { requireClean: true, requireClean: false }\n")
        #expect(problems == ["14:28: the key \"requireClean\" comes twice"])
    }

    @Test("that makes the file endless, deep or huge ends in an error")
    func bombs() throws {
        let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        #expect(try problems("variables: \(deep)\n").count > 0)
        let tooDeep = String(repeating: "[", count: 100_000)
        #expect(try problems("variables: \(tooDeep)\n").first?.contains("nested deeper than 40 levels") == true)

        let aliases = (1...20).map { "a\($0): &a\($0) [ *a\($0 - 1), *a\($0 - 1), *a\($0 - 1), *a\($0 - 1) ]\n" }
        let bomb = "a0: &a0 { name: x, address: y }\n" + aliases.joined()
        let text = Sample.environment + "approvals: &b { tearDown: 1 }\n"
        #expect(try problems(text + bomb) == ["22:26: more than 100000 values, aliases included"])
        #expect(try problems(text + "# " + String(repeating: "x", count: 1 << 20))[0].hasSuffix("longer than 1 MiB"))
    }

    @Test("that repeats aliases beyond measure ends in an error")
    func aliasBomb() throws {
        let variables = (1...30).map { "k\($0): 1" }.joined(separator: ", ")
        let hosts = String(repeating: "*h, ", count: 4000)
        let text = Sample.environment.changing(
            "terraform: { root: terraform/servers }",
            to: "static: { servers: { blue: { a: [ &h { name: x, address: y, \(variables) }, \(hosts) ] } } }")
        #expect(try problems(text).contains { $0.contains("more than 100000 values, aliases included") })
    }
}
