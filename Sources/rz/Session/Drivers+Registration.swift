import Clusters
import FoundationEssentials
import Gating
import Glibc
import LoadBalancing
import Migration
import Provisioning
import Runbooks
import Schedules
import Trust

extension Drivers {
    /// The one place where drivers are chosen for what an environment says.
    ///
    /// - Parameters:
    ///   - folder: the environment's folder in a pinned copy.
    ///   - state: rz's own folder for this environment.
    ///   - checkout: where tools may be installed, in `.venv/bin`.
    ///   - looking: whether what can't be provided fails only where it is used, and no playbook is ever run.
    static func registered(
        for environment: Environment, folder: String, state: String, settings: SettingResolver, checkout: String?,
        looking: Bool = false
    ) throws(Failure) -> Drivers {
        let resolve = settings.resolver
        let children = Children(
            inherited: InheritedEnvironment(passing: environment.pass ?? []), resolve: resolve,
            secrets: { settings.secrets })
        let caller = RequestCaller(resolver: resolve, proxy: environment.proxy)
        let ansible = try environment.configure == nil || looking ? nil : Tool.ansible(checkout)
        let owner =
            looking ? EpochOwner.known(environment.name, in: state) : try EpochOwner.of(environment.name, in: state)
        var drivers = Drivers(
            loadBalancers: environment.loadBalancers.map { $0.driver(environment, owner: owner, resolve) },
            provisioner: try orMissing(looking) { () throws(Failure) in
                try provisioner(environment, folder, state, children)
            },
            configurator: looking
                ? nil
                : environment.configure.map { configure in
                    Ansible(
                        binary: ansible ?? "ansible-playbook", configure: configure,
                        environmentFolder: folder, stateFolder: state, inherited: children.inherited, resolve: resolve,
                        secrets: children.secrets)
                },
            cluster: { _, inventory throws(Failure) in
                let members = try frameworks(environment, inventory, folder, resolve)
                return members.count == 1 ? members[0].cluster : CombinedCluster(members)
            },
            agents: { _, inventory throws(Failure) in
                guard let platform = environment.platform, let master = platform.mesosMaster else { return nil }
                let members = try frameworks(environment, inventory, folder, resolve)
                return try MesosAgentPool(
                    platform, master: master, clusters: members.map(\.cluster), inventory: inventory,
                    resolver: resolve, proxy: environment.proxy)
            },
            prober: ProbeRunner(resolver: resolve, proxy: environment.proxy) { command, limit throws(Failure) in
                try await run(command, limit, in: folder, children)
            },
            stepRunner: CommandStepRunner(
                environmentFolder: folder, logFolder: state + "/log", inherited: children.inherited, resolve: resolve,
                secrets: children.secrets
            ) { work, inventory throws(Failure) in try await caller.call(work, inventory: inventory) },
            certificates: { inventory, probes in
                await CertificateInspector(environment, resolver: resolve).observe(inventory, probes: probes)
            })
        let place = "environments/\(environment.name)"
        let reports = ReportReader(
            project: String(folder.dropLast(place.count + 1)), environment: place, inherited: children.inherited)
        drivers.report = { rule in await reports.read(rule) }
        let signatures = try SSHSignatures(environment, in: folder)
        drivers.signer = { statement, signature throws(Failure) in
            try await signatures.signer(of: statement, signature)
        }
        return drivers
    }

    /// At least one.
    private static func frameworks(
        _ environment: Environment, _ inventory: Inventory, _ folder: String, _ resolve: @escaping Resolver
    ) throws(Failure) -> [CombinedCluster.Member] {
        let clock = SystemClock()
        let proxy = environment.proxy
        var members: [CombinedCluster.Member] = []
        let platform = environment.platform.flatMap { platform in
            platform.mesosMaster.map {
                ServiceSource.Access(
                    url: $0, user: platform.user, password: platform.password, tls: platform.tls,
                    leaders: platform.leaders)
            }
        }
        if environment.services.sources.contains(where: \.isScheduled) { try ZoneRules.requireDatabase() }
        for source in environment.services.sources {
            let cluster: any Cluster =
                switch source {
                case .marathon(let marathon):
                    try MarathonCluster(marathon, inventory: inventory, resolver: resolve, proxy: proxy)
                case .metronome(let metronome):
                    try MetronomeCluster(metronome, inventory: inventory, resolver: resolve, proxy: proxy) { clock.now }
                case .chronos(let chronos):
                    try ChronosCluster(chronos, inventory: inventory, resolver: resolve, proxy: proxy) { clock.now }
                case .compose(let compose):
                    try ComposeCluster(
                        compose, folder: folder, platform: platform, inventory: inventory, resolver: resolve,
                        proxy: proxy)
                }
            members.append(CombinedCluster.Member(source, cluster))
        }
        guard !members.isEmpty else {
            throw Failure("The environment names no source of services", advice: "Add one under services.sources.")
        }
        return members
    }

    private static func orMissing(
        _ looking: Bool, _ make: () throws(Failure) -> any Provisioner
    ) throws(Failure) -> any Provisioner {
        guard looking else { return try make() }
        do throws(Failure) { return try make() } catch { return MissingProvisioner(error) }
    }

    /// A color stays with the provisioner that built it; with no servers recorded, Terraform comes first.
    private static func provisioner(
        _ environment: Environment, _ folder: String, _ state: String, _ children: Children
    ) throws(Failure) -> any Provisioner {
        let builders = Color.allCases.compactMap { color in
            ProvisionerKind.recorded(of: color, in: state).map { (color: color, kind: $0) }
        }
        let isStatic = !builders.isEmpty && builders.allSatisfy { $0.kind == .static }
        if let root = environment.provision.terraform, !isStatic || environment.provision.static == nil {
            if let binary = try Tool.terraform() {
                let terraform = Terraform(
                    binary: binary, root: root, environmentFolder: folder, stateFolder: state,
                    inherited: children.inherited, resolve: children.resolve, secrets: children.secrets)
                return RecordedProvisioner(terraform, .terraform, stateFolder: state)
            }
            if let backend = root.backend {
                return MissingProvisioner(
                    Failure(
                        "The servers' states are in the backend \(backend.type); terraform is not on PATH", at: "PATH",
                        advice: "Run rz where terraform or tofu is found.", kind: .refused))
            }
            if let built = builders.first(where: { $0.kind == .terraform }) {
                return MissingProvisioner(
                    Failure(
                        "\(built.color) was built by Terraform; terraform is not on PATH", at: "PATH",
                        advice: "Run rz where terraform or tofu is found.", kind: .refused))
            }
        }
        if let servers = environment.provision.static {
            let program = StaticProvisioner(
                servers, environmentFolder: folder, stateFolder: state, inherited: children.inherited,
                resolve: children.resolve, secrets: children.secrets)
            return RecordedProvisioner(program, .static, stateFolder: state)
        }
        if environment.provision.terraform != nil {
            throw Failure(
                "Neither terraform nor tofu is installed", at: "PATH",
                advice: "Install one of them, or describe the servers under provision.static.", kind: .refused)
        }
        throw Failure(
            "The environment does not say how its servers are built",
            advice: "Add provision.terraform or provision.static.")
    }

    private static func run(
        _ command: [String], _ limit: Period, in folder: String, _ children: Children
    ) async throws(Failure) -> Int32 {
        guard let program = command.first else { throw Failure("A probe without a program") }
        let end = try await ChildProcess(
            Command(
                program, Array(command.dropFirst()), environment: children.inherited.variables, folder: folder,
                deadline: limit)
        ).run(output: try OutputFile())
        switch end.status {
        case .exited(let status): return status
        case .signaled(let number): return 128 + number
        }
    }
}

/// What the programs that rz runs get, and what is kept out of what they print.
private struct Children: Sendable {
    let inherited: InheritedEnvironment
    let resolve: Resolver
    let secrets: KnownSecrets
}

extension ServiceSource {
    /// Whether its services run by the clock, each in a time zone of its own.
    fileprivate var isScheduled: Bool {
        switch self {
        case .metronome, .chronos: true
        case .marathon, .compose: false
        }
    }
}

extension Plan {
    /// Its load balancers alone, for who only looks at them: whatever else the environment needs may be missing here.
    func loadBalancers(_ places: Places) throws -> [any LoadBalancer] {
        let folder = try ProjectFolder(root: places.copy(source, of: environment.name))
        let settings = SettingResolver(
            environmentFolder: folder.environmentFolder(environment.name), rzHome: places.home)
        Redaction.cover(settings)
        try settings.remember(referencesOf: environment)
        let owner = EpochOwner.known(environment.name, in: places.state(of: environment.name))
        return environment.loadBalancers.map { $0.driver(environment, owner: owner, settings.resolver) }
    }
}

extension LoadBalancerAddress {
    /// One line for each kind of load balancer.
    fileprivate func driver(
        _ environment: Environment, owner: EpochOwner, _ resolver: @escaping Resolver
    ) -> any LoadBalancer {
        let rules = environment.traffic
        return switch kind {
        case .haproxy(let address): HAProxyRuntime(name, address, rules: rules, owner: owner, resolver: resolver)
        case .traefik(let address):
            TraefikWeights(name, address, rules: rules, owner: owner, proxy: environment.proxy, resolver: resolver)
        case .alb(let address):
            ALBWeights(name, address, rules: rules, owner: owner, proxy: environment.proxy, resolver: resolver)
        }
    }
}
