import Migration
import Operations
import Runbooks
import Testing

@Suite("An environment file")
struct EnvironmentTests {
    @Test("with the fewest keys has the defaults of the core")
    func defaults() throws {
        let environment = try Project().environment(Sample.environment)
        let expected = Environment(
            name: "shop", provision: Provision(terraform: TerraformRoot(root: "terraform/servers")),
            services: ServiceRules(sources: [.marathon(.init(url: "http://{{ control[0].address }}:8080"))]),
            loadBalancers: [
                LoadBalancerAddress(name: "edge-1", .haproxy(.init(socket: "unix:/run/haproxy/admin.sock")))
            ],
            traffic: [TrafficRule(backend: "be_shop", servers: [.blue: "blue-*", .green: "green-*"])])
        #expect(environment == expected)
    }

    @Test("with every key gives every value its place")
    func everything() throws {
        let environment = try Project().environment(Sample.wholeEnvironment)
        #expect(environment.git == GitPolicy(requireClean: false, requireSigned: true))
        #expect(
            environment.provision.terraform
                == TerraformRoot(
                    root: "terraform/servers", disks: "terraform/disks",
                    variables: ["region": "fra1", "count": "3", "spare": ""],
                    colors: [.blue: ["image": "debian-12.7"], .green: ["image": "debian-12.11"]]))
        let host = Host(
            name: "b1", address: "10.0.0.1", variables: ["marathon": "8080"], structured: ["marathon"])
        #expect(
            environment.provision.static
                == StaticServers(
                    command: ["./servers", "${rz:home}"], servers: [.blue: Inventory(groups: ["control": [host]])]))
        #expect(
            environment.configure
                == Configure(
                    playbook: "ansible/site.yaml", idempotenceCheck: false, variables: ["ntp": "${env:NTP}"]))
        #expect(
            environment.platform
                == Platform(mesosMaster: "http://{{ control[0].address }}:5050", agentsAtLeast: 3))
        let source = ServiceSource.Marathon(
            url: "http://{{ control[0].address }}:8080", group: "/shop", user: "rz", password: "${file:pw}")
        let cart = Override(
            match: .id("/shop/cart"), set: ["env.CACHE_HOST": "{{ cache[0].address }}"], remove: ["env.OLD"])
        let web = Override(match: .label(name: "tier", value: "web=1"), set: ["cpus": "0.5"])
        let data = Override(match: .id("/shop/db"), mode: .manual)
        let all = Override(
            match: .id("*"), accept: [.mesosName: "each color has its own", .hostPath: "the same NFS"])
        let kubernetes = DeclaredService(
            name: "kubernetes", mover: .playbook, method: "the role mesos-m3s of site.yaml", tasks: ["m3s/*"],
            probe: Probe(.tcp(address: "{{ control[0].address }}:6443")))
        #expect(
            environment.services
                == ServiceRules(
                    sources: [.marathon(source)], ignore: ["/infra/marathon-lb"], overrides: [cart, web, data, all],
                    declared: [kubernetes], keep: false))
        #expect(
            environment.loadBalancers == [
                LoadBalancerAddress(
                    name: "edge-1",
                    .haproxy(
                        .init(
                            socket: "unix:/run/haproxy/admin.sock", stateFile: "/var/lib/state",
                            epochMap: "/etc/epoch.map"))),
                LoadBalancerAddress(
                    name: "edge-2",
                    .haproxy(
                        .init(
                            socket: "tcp:10.0.0.3:9999", withoutStateFile: "nobody reloads it",
                            master: "unix:/run/master.sock", hardStopAfter: .minutes(30)))),
            ])
        #expect(
            environment.traffic == [
                TrafficRule(
                    backend: "be_shop", servers: [.blue: "blue-*", .green: "green-*"], persistence: .cut,
                    anyAddress: "a CDN")
            ])
        #expect(
            environment.ignoreBackends == [IgnoredBackend(backend: "be_old_*", reason: "switched off in March")])
        #expect(
            environment.drain == DrainPolicy(quiet: .seconds(10), deadline: .minutes(90), atDeadline: .rollback))
        #expect(environment.soak == .minutes(20))
        #expect(environment.approvals == [.cutOver: .count(1), .tearDown: .waived(reason: "nobody is awake")])
        let lastHour = PeakQuery(
            PrometheusQuery(
                name: "last hour", url: "https://prometheus.example.org",
                query: "max_over_time(haproxy_backend_current_sessions{proxy=\"{{ backend }}\"}[1h])",
                series: "haproxy_backend_current_sessions{proxy=\"{{ backend }}\"}"),
            tls: TLSRules(serverName: "prometheus").filled(from: environment.tls))
        let rate = PeakQuery(
            PrometheusQuery(name: "rate", url: "http://p", query: "a", series: "b", maxAge: .seconds(5)),
            of: .rate, backend: "be_shop", tls: environment.tls, timeout: .seconds(1))
        let peaks = [lastHour, rate]
        #expect(
            environment.limits
                == Limits(
                    minHealthyPart: Percent(80), maxStep: Percent("12.5%"), headroom: 1.3, peaks: peaks,
                    flipWithin: .seconds(10),
                    launches: 16, returnFor: .minutes(30)))
    }

    @Test("takes a number of healthy servers, or a part of them")
    func healthy() throws {
        func limits(_ text: String) throws -> Limits {
            try Project().environment(Sample.environment + "limits: { minHealthy: \(text) }\n").limits
        }
        #expect(try limits("2") == Limits(minHealthy: 2))
        #expect(try limits("60%") == Limits(minHealthyPart: Percent(60)))
    }

    @Test("with every key gives the gates their values")
    func gates() throws {
        let gates = try Project().environment(Sample.wholeEnvironment).gates
        #expect(
            gates.service
                == ServiceGate(
                    healthyFor: .seconds(5),
                    probes: [
                        Probe(
                            .http(url: "http://{{ control[0].address }}:1", path: "/health", expect: 204),
                            timeout: .seconds(1)),
                        Probe(.tcp(address: "{{ cache[0].address }}:6379")),
                        Probe(.command(["bin/check", "--fast"])),
                        Probe(
                            .mesosDNS(
                                .init(
                                    server: "{{ control[0].address }}:61053", name: "leader.mesos",
                                    anyAddress: "a VIP"))),
                        Probe(
                            .traefik(
                                .init(
                                    url: "http://{{ agent[0].address }}:9000", user: "rz", password: "${file:pw}",
                                    ignore: [.init(router: "old@mesos", reason: "switched off in March")]))),
                    ], passes: 4))
        #expect(
            gates.platform
                == ProbeGate(
                    probes: [
                        Probe(
                            .zooKeeper(servers: ["{{ control[0].address }}:2181", "{{ control[1].address }}:2181"]),
                            timeout: .seconds(5)),
                        Probe(
                            .redis(
                                .init(address: "{{ control[0].address }}:6379", password: "${file:pw}", role: .replica))
                        ), Probe(.redis(.init(address: "{{ cache[0].address }}:6379", withoutPersistence: "a cache"))),
                        Probe(.vault(url: "http://{{ control[0].address }}:8200")),
                    ], passes: 2))
        #expect(
            gates.cutOver
                == CutOverGate(
                    steps: [
                        .init(share: Percent(1), bake: .minutes(1)),
                        .init(share: Percent(thousandths: 12_500), bake: .seconds(90)),
                        .init(share: .all, bake: .zero),
                    ],
                    analysis: [
                        .loadBalancers(
                            .init(
                                errorRate: Percent(thousandths: 100), responseTimeRatio: 1.2, minRequests: 50,
                                whenIdle: .ignore))
                    ], interval: Period(milliseconds: 500)))
    }

    @Test("may use anchors and aliases")
    func aliases() throws {
        let text = Sample.environment
            .changing("backend: be_shop", to: "backend: be_shop")
            .changing("servers: { blue", to: "servers: &colors { blue")
        let environment = try Project().environment(text + "  - { backend: be_api, servers: *colors }\n")
        #expect(environment.traffic[1].servers == environment.traffic[0].servers)
    }

    @Test(
        "is refused for what contradicts itself",
        arguments: [
            (
                "terraform: { root: terraform/servers }", "terraform: { root: tf, disks: ./tf/ }",
                "root module of their own"
            ),
            ("blue: \"blue-*\"", "blue: \"green-*\"", "same pattern"),
            (
                "backend: be_shop\n", "backend: be_shop\n    servers: { blue: a, green: b }\n  - backend: be_shop\n",
                "listed twice"
            ),
            (
                "- name: edge-1\n", "- { name: edge-1, haproxy: { socket: \"tcp:a:1\" } }\n  - name: edge-1\n",
                "listed twice"
            ),
            ("- marathon:", "- marathon: { url: \"http://a\" }\n    - marathon:", "can't be distinguished from"),
        ])
    func contradictions(old: String, new: String, expected: String) throws {
        let problems = try Project.problems(environment: Sample.environment.changing(old, to: new))
        #expect(problems.count == 1)
        #expect(problems.first?.contains(expected) == true, "\(problems)")
    }

    @Test(
        "is refused when the cutover does not rise to everything",
        arguments: [
            ("10%, 5%, 100%", ["the shares must rise: 5% comes after 10%"]),
            ("10%, 10%, 100%", ["the shares must rise: 10% comes after 10%"]),
            ("0%, 100%", ["the shares must rise: 0% comes after 0%"]),
            ("10%, 50%", ["the last step must be 100%, or the old color would keep a share of the traffic"]),
            (
                "50%, 10%",
                [
                    "the shares must rise: 10% comes after 50%",
                    "the last step must be 100%, or the old color would keep a share of the traffic",
                ]
            ),
        ])
    func cutOver(weights: String, expected: [String]) throws {
        let steps = weights.split(separator: ", ").map { "{ share: \($0), bake: 1m }" }.joined(separator: ", ")
        let problems = try Project.problems(
            environment: Sample.environment + "gates: { cutOver: { steps: [ \(steps) ] } }\n")
        #expect(problems.count == expected.count)
        for (problem, text) in zip(problems, expected) { #expect(problem.hasSuffix(" " + text)) }
    }

    @Test("may name a key as it was called before, and not by both names")
    func formerNames() throws {
        func environment(_ step: String, _ analysis: String) throws -> Environment {
            try Project().environment(
                Sample.environment
                    + "gates: { cutOver: { steps: [ { \(step), bake: 1m } ], analysis: [ { \(analysis) } ] } }\n")
        }
        let limits = "{ errorRate: { max: 1% } }"
        #expect(
            try environment("weight: 100%", "haproxy: \(limits)")
                == environment("share: 100%", "loadBalancers: \(limits)"))
        let problems = try Project.problems(
            environment: Sample.environment
                + "gates: { cutOver: { steps: [ { share: 100%, weight: 100%, bake: 1m } ] } }\n")
        #expect(problems.count == 1)
        #expect(problems.first?.hasSuffix(#""share" and "weight" are one key: keep one"#) == true, "\(problems)")
    }

    @Test("may limit error classes, in some backends only")
    func errorClasses() throws {
        let sample = Sample.environment
        func problems(_ limits: String) throws -> [String] {
            try Project.problems(
                environment: sample + "gates: { cutOver: { analysis: [ { loadBalancers: { \(limits) } } ] } }\n")
        }
        let gate = try Project().environment(
            sample
                + """
                gates:
                  cutOver:
                    analysis:
                      - loadBalancers:
                          clientErrors: { max: 5%, maxAboveLive: 2% }
                          retries: { max: 1% }
                          queue: { max: 20 }
                          backends: [be_shop]

                """
        ).gates.cutOver
        #expect(
            gate.analysis == [
                .loadBalancers(
                    .init(
                        classes: [
                            .clientErrors: ErrorLimit(max: Percent(5), maxAboveLive: Percent(2)),
                            .retries: ErrorLimit(max: Percent(1)),
                        ], queue: 20, backends: ["be_shop"]))
            ])
        #expect(try problems("queue: { max: 20 }") == [])
        #expect(try problems("clientErrors: {}").first?.hasSuffix("a limit without a number limits nothing") == true)
        #expect(try problems("minRequests: 5").first?.hasSuffix("another limit judges nothing") == true)
        #expect(
            try problems("retries: { max: 1% }, backends: [be_shp]").first?.hasSuffix(
                "there is no backend be_shp under `traffic`; did you mean \"be_shop\"?") == true)
        #expect(try problems("retry: { max: 1% }").count == 1)
    }

    @Test("may hold the cutover at a share until people say yes")
    func pauses() throws {
        let gate = try Project().environment(
            Sample.environment
                + """
                gates:
                  cutOver:
                    steps:
                      - { share: 1%, bake: 1m, pause: {} }
                      - { share: 50%, bake: 1m, pause: { count: 2, reason: Fine?, limit: 8h } }
                      - { share: 100%, bake: 1m }

                """
        ).gates.cutOver
        #expect(
            gate.steps.map(\.pause) == [.init(), .init(ApprovalDemand(2), reason: "Fine?", limit: .hours(8)), nil])
    }

    @Test(
        "says of keys of later versions that they are not supported yet",
        arguments: [
            ("haproxy: {", "dataplane: {", "dataplane"),
            ("haproxy: {", "haproxy: { dataplane: 1, ", "dataplane"),
        ])
    func laterKeys(old: String, new: String, key: String) throws {
        let problems = try Project.problems(environment: Sample.environment.changing(old, to: new))
        #expect(problems.contains { $0.hasSuffix("\"\(key)\" is not supported yet by this version") }, "\(problems)")
        #expect(!problems.contains { $0.contains("unknown") })
    }

    @Test(
        "says of optional keys of later versions that they are not supported yet",
        arguments: [
            ("notify: []", "notify"),
            (
                "gates: { cutOver: { analysis: [ { loadBalancers: { errorRate: { max: 1% }, p99: { max: 2 } } } ] } }",
                "p99"
            ),
        ])
    func laterOptionalKeys(line: String, key: String) throws {
        let problems = try Project.problems(environment: Sample.environment + line + "\n")
        #expect(problems.count == 1)
        #expect(problems.first?.hasSuffix("\"\(key)\" is not supported yet by this version") == true)
    }
}
