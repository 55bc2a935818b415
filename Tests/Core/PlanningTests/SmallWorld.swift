import Migration
import Operations

@testable import Planning

/// A world with two load balancers and a few services, blue live, and the runbook that moves it.
struct SmallWorld {
    var environment = Environment(
        name: "shop", configure: Configure(playbook: "site.yaml"),
        loadBalancers: [LoadBalancerAddress(name: "edge-1", .haproxy(.init(socket: "unix:/a")))],
        traffic: [TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])],
        gates: Gates(
            service: ServiceGate(healthyFor: .seconds(20)),
            cutOver: CutOverGate(steps: [
                .init(share: Percent(10), bake: .seconds(60)), .init(share: .all, bake: .seconds(30)),
            ])), soak: .minutes(15), approvals: [.cutOver: .count(1), .tearDown: .waived(reason: "a test")])
    var phases: [PhaseID: PhaseRule] = [
        .preflight: SmallWorld.rule(.checks), .standUp: SmallWorld.rule(.disks, .servers),
        .configure: SmallWorld.rule(.configuration), .platformGate: SmallWorld.rule(.platform),
        .replicate: SmallWorld.rule(.launch), .serviceGate: SmallWorld.rule(.health),
        .cutOver: SmallWorld.rule(.ready, .shift), .drain: SmallWorld.rule(.drain), .soak: SmallWorld.rule(.soak),
        .tearDown: SmallWorld.rule(.stop, .destroy),
    ]
    var services = [SmallWorld.service("/db"), SmallWorld.service("/web", needs: ["/db"], instances: 3)]
    var history: [StepID: Period] = [:]
    var source = PinnedSource(commit: "4f1c2e9")
    var obstacles: [Obstacle] = []
    var ignored = [IgnoredService(id: "/infra/lb", reason: "ignored by rule")]
    var findings: [ServiceID: [Finding]] = [:]
    var containers: [ServiceID: [ContainerFacts]] = [:]
    var reports: [String: ReportFinding] = [:]
    var lifted: [LiftedLimit] = []
    var certificates: [Color: [CertificateSighting]] = [:]
    var time = Instant(milliseconds: 1_795_455_000_000)

    func plan() throws(Failure) -> Plan {
        let planner = Planner(
            environment: environment, runbook: Runbook(name: "rz-update", phases: phases),
            operation: Operation.rzUpdate, history: history)
        return try planner.plan(observation, at: time, lifting: lifted)
    }

    var observation: Observation {
        Observation(
            source: source, direction: Direction(from: .blue),
            inventory: [
                .blue: Inventory(groups: [
                    "control": [Host(name: "blue-control-1", address: "10.1.0.1")],
                    "agents": [Host(name: "blue-agent-1", address: "10.1.0.2")],
                ]), .green: Inventory(),
            ], loadBalancers: ["edge-1": SmallWorld.loadBalancer(blue: 100, green: 0)],
            provisioning: ProvisioningChanges(add: ["server.a"]), services: services, rewritten: services,
            ignored: ignored, findings: findings, containers: containers, reports: reports,
            obstacles: obstacles, certificates: certificates)
    }

    static func loadBalancer(blue: Int, green: Int, backend: String = "be") -> LoadBalancerState {
        LoadBalancerState(
            version: "2.6",
            backends: [
                backend: BackendState(servers: [
                    ServerState(name: "blue-1", address: "10.1.0.2:80", weight: blue),
                    ServerState(name: "green-1", address: "10.2.0.2:80", weight: green, operation: .down),
                    ServerState(name: "other", address: "10.9.0.2:80", weight: 50),
                ])
            ])
    }

    static func service(_ id: ServiceID, needs: [ServiceID] = [], instances: Int = 1) -> Service {
        Service(
            id: id, definition: "{}", instances: instances, dependencies: needs, fingerprint: "f-\(id)")
    }

    static func rule(_ work: BuiltIn...) -> PhaseRule {
        PhaseRule(steps: work.map { line($0) })
    }

    static func line(_ work: BuiltIn, needs: [String]? = nil) -> RunbookStep {
        RunbookStep(id: work.rawValue, work: .builtIn(work), needs: needs, timeout: .minutes(5), retries: 2)
    }
}
