import Migration
import Testing

@Suite("Policies for definitions of services")
struct PolicyTests {
    private let now = Instant("2026-11-30T12:00:00.000Z") ?? Instant(milliseconds: 0)

    private func breaches(_ facts: ContainerFacts, _ rules: PolicyRules = PolicyRules(severity: .block)) -> [String] {
        rules.breaches(of: "/shop/web", [facts], now: now).map { "\($0.policy.rawValue) at \($0.place)" }
    }

    private let good = ContainerFacts(
        at: "container.docker", image: "shop/web:1.2@sha256:0123",
        mounts: [.init("/srv/data", at: "container.volumes.0"), .init("/etc/ssl/certs", isReadOnly: true, at: "v")],
        capabilities: ["NET_BIND_SERVICE"],
        variables: [
            .init("DB_PASSWORD", isOpen: false, at: "env.DB_PASSWORD"), .init("LANG", isOpen: true, at: "env.LANG"),
        ])

    @Test("find nothing in a container that keeps them")
    func kept() {
        #expect(breaches(good) == [])
    }

    @Test("find each breach at its place")
    func each() {
        func changed(_ change: (inout ContainerFacts) -> Void) -> [String] {
            var facts = good
            change(&facts)
            return breaches(facts)
        }
        #expect(changed { $0.isPrivileged = true } == ["privileged at container.docker.privileged"])
        #expect(changed { $0.user = "0:0" } == ["root at container.docker.user"])
        #expect(changed { $0.user = "nobody" } == [])
        #expect(changed { $0.sharesHostNetwork = true } == ["hostNetwork at container.docker.network"])
        #expect(changed { $0.sharesHostProcesses = true } == ["hostProcesses at container.docker.pid"])
        #expect(changed { $0.image = "shop/web" }.first == "latestImage at container.docker.image")
        #expect(changed { $0.image = "reg:5000/shop/web:1.2" } == ["noDigest at container.docker.image"])
        #expect(changed { $0.capabilities = ["SYS_ADMIN"] } == ["capabilities at container.docker.capabilities"])
        #expect(changed { $0.hasMemoryLimit = false } == ["noMemoryLimit at container.docker.memory"])
        #expect(changed { $0.isHealthChecked = false } == ["noHealthCheck at container.docker.healthChecks"])
        #expect(changed { $0.isHealthChecked = nil } == [])
    }

    @Test(
        "know the socket of an engine and the folders of the system however they are written",
        arguments: [
            ("/var/run/docker.sock", "dockerSocket"), ("/run/../run/containerd/containerd.sock", "dockerSocket"),
            ("/", "hostFolder"), ("/./", "hostFolder"), ("/etc", "hostFolder"), ("/etc/", "hostFolder"),
            ("/srv/../proc", "hostFolder"), ("/var/run", "hostFolder"), ("/var/lib/docker/", "hostFolder"),
            ("/etc/hosts", nil), ("/srv/etc", nil), ("/data", nil),
        ] as [(String, String?)])
    func mounts(path: String, policy: String?) {
        var facts = good
        facts.mounts = [.init(path, at: "volumes.0")]
        #expect(breaches(facts) == (policy.map { ["\($0) at volumes.0"] } ?? []))
    }

    @Test(
        "know a secret by its name",
        arguments: [
            ("PASSWORD", true), ("db_password", true), ("API-KEY", true), ("GITHUB_TOKEN", true),
            ("AWS_SECRET_ACCESS_KEY", true),
            ("PASSWORD_FILE", false), ("TOKEN_URL", false), ("KEYBOARD", false), ("AUTHOR", false),
            ("SECRETARY", false),
        ])
    func secrets(name: String, isOne: Bool) {
        var facts = good
        facts.variables = [.init(name, isOpen: true, at: "env.\(name)")]
        #expect(breaches(facts) == (isOne ? ["openSecret at env.\(name)"] : []))
    }

    @Test("find an image too old by its label alone, and only where an age is set")
    func age() {
        var facts = good
        facts.imageCreated = Instant("2026-01-01T00:00:00.000Z")
        #expect(breaches(facts) == [])
        let strict = PolicyRules(severity: .block, maxImageAge: Period("90d"))
        #expect(breaches(facts, strict) == ["oldImage at container.docker.image"])
        facts.imageCreated = Instant("2026-11-01T00:00:00.000Z")
        #expect(breaches(facts, strict) == [])
    }

    @Test("block, warn or look away, as the environment says")
    func severities() {
        var facts = good
        facts.isPrivileged = true
        facts.user = "root"
        facts.sharesHostNetwork = true
        let rules = PolicyRules(severity: .off, severities: [.privileged: .block, .root: .warn])
        let found = rules.breaches(of: "/shop/web", [facts], now: now)
        #expect(found.map(\.policy) == [.privileged, .root])
        #expect(found.map(\.isBlocking) == [true, false])
        #expect(
            found.first?.sentence
                == "/shop/web container.docker.privileged: it is privileged (policy privileged)")
    }

    @Test("are waived until a day is over, for the services that a pattern means")
    func waivers() throws {
        var facts = good
        facts.user = "root"
        func found(_ services: String, until day: String) throws -> PolicyBreach {
            let waiver = PolicyRules.Waiver(
                .root, services: services, reason: "CHG 4711", until: try #require(Day(day)))
            let rules = PolicyRules(severity: .block, waivers: [waiver])
            return try #require(rules.breaches(of: "/shop/web", [facts], now: now).first)
        }
        let today = try found("/shop/*", until: "2026-11-30")
        #expect(!today.isBlocking && today.isWaived)
        #expect(today.sentence.hasSuffix("(policy root, waived until 2026-11-30: CHG 4711)"))
        let yesterday = try found("/shop/*", until: "2026-11-29")
        #expect(yesterday.isBlocking && !yesterday.isWaived)
        #expect(yesterday.sentence.hasSuffix("(policy root, whose waiver ended on 2026-11-29)"))
        #expect(try found("/infra/*", until: "2026-12-31").isBlocking)
        #expect(Day("2026-02-30") == nil && Day("2026-2-3") == nil)
    }

    @Test("read the parameters of a Docker container as `docker run` does")
    func parameters() {
        let facts = ContainerFacts(at: "container.docker", image: "shop/web:1.2@sha256:0123").applying(
            dockerParameters: [
                ("privileged", "true"), ("user", "root"), ("net", "host"), ("pid", "host"),
                ("cap-add", "CAP_SYS_ADMIN"),
                ("volume", "/var/run/docker.sock:/var/run/docker.sock:ro"), ("volume", "name:/data"),
                ("env", "DB_PASSWORD=x"), ("env", "DB_USER"), ("hostname", "web"),
            ], at: "container.docker.parameters")
        #expect(facts.isPrivileged && facts.sharesHostNetwork && facts.sharesHostProcesses)
        #expect(facts.user == "root")
        #expect(facts.capabilities == ["SYS_ADMIN"])
        #expect(facts.mounts == [.init("/var/run/docker.sock", isReadOnly: true, at: "container.docker.parameters.5")])
        #expect(facts.variables.map(\.name) == ["DB_PASSWORD"])
    }
}
