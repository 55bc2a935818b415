import Clusters
import Foundation
import Gating
import LoadBalancing
import Migration
import Provisioning
import Runbooks
import Trust

extension Drivers {
    /// The one place where drivers are chosen for what an environment says.
    ///
    /// - Parameters:
    ///   - folder: the environment's folder in a pinned copy.
    ///   - state: rz's own folder for this environment.
    ///   - checkout: where tools may be installed, in `.venv/bin`.
    static func registered(
        for environment: Environment, folder: String, state: String, settings: SettingResolver, checkout: String?
    ) throws(Failure) -> Drivers {
        let resolve = settings.resolver
        let caller = RequestCaller(resolver: resolve, proxy: environment.proxy)
        let owner = try EpochOwner.of(environment.name, in: state)
        return Drivers(
            loadBalancers: environment.loadBalancers.map { HAProxyRuntime($0, owner: owner, resolver: resolve) },
            provisioner: try provisioner(environment, folder, state, resolve),
            configurator: environment.configure.map { configure in
                Ansible(
                    binary: Tool.ansible(checkout) ?? "ansible-playbook", configure: configure,
                    environmentFolder: folder,
                    stateFolder: state, resolve: resolve)
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
                try await run(command, limit, in: folder)
            },
            stepRunner: CommandStepRunner(environmentFolder: folder, logFolder: state + "/log", resolve: resolve) {
                work, inventory throws(Failure) in try await caller.call(work, inventory: inventory)
            },
            certificates: { inventory, probes in
                await CertificateInspector(environment, resolver: resolve).observe(inventory, probes: probes)
            })
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

    /// What built a color goes on with it; with no servers recorded, Terraform comes first.
    private static func provisioner(
        _ environment: Environment, _ folder: String, _ state: String, _ resolve: @escaping Resolver
    ) throws(Failure) -> any Provisioner {
        let builders = Color.allCases.compactMap { color in
            ProvisionerKind.recorded(of: color, in: state).map { (color: color, kind: $0) }
        }
        let isStatic = !builders.isEmpty && builders.allSatisfy { $0.kind == .static }
        if let root = environment.provision.terraform, !isStatic || environment.provision.static == nil {
            if let binary = Tool.terraform {
                let terraform = Terraform(
                    binary: binary, root: root, environmentFolder: folder, stateFolder: state, resolve: resolve)
                return RecordedProvisioner(terraform, .terraform, stateFolder: state)
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
                servers, environmentFolder: folder, stateFolder: state, resolve: resolve)
            return RecordedProvisioner(program, .static, stateFolder: state)
        }
        if environment.provision.terraform != nil {
            throw Failure(
                "Neither terraform nor tofu is installed", at: "PATH",
                advice: "Install one of them, or describe the servers under provision.static.", kind: .refused)
        }
        throw Failure(
            "The environment says nothing of its servers", advice: "Add provision.terraform or provision.static.")
    }

    private static func run(_ command: [String], _ limit: Period, in folder: String) async throws(Failure) -> Int32 {
        guard let program = command.first else { throw Failure("A probe without a program") }
        let end = try await ChildProcess(
            Command(
                program, Array(command.dropFirst()), environment: InheritedEnvironment.variables, folder: folder,
                deadline: limit)
        ).run(output: try OutputFile())
        switch end.status {
        case .exited(let status): return status
        case .signaled(let number): return 128 + number
        }
    }
}

/// Programs that rz calls.
enum Tool {
    static var terraform: String? { find("terraform") ?? find("tofu") }

    /// From the `PATH`, or from the Python environment that `scripts/setup` makes in a checkout.
    static func ansible(_ checkout: String?) -> String? {
        let inCheckout = checkout.map { $0 + "/.venv/bin/ansible-playbook" }
        return inCheckout.flatMap { access($0, X_OK) == 0 ? $0 : nil } ?? find("ansible-playbook")
    }

    /// The first executable of this name in the `PATH`.
    static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
