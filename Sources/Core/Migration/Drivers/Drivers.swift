/// Everything outside that a run talks to.
public struct Drivers: Sendable {
    public var loadBalancers: [any LoadBalancer]
    public var provisioner: any Provisioner
    public var configurator: (any Configurator)?
    /// The framework of a color with these servers.
    public var cluster: @Sendable (Color, Inventory) throws(Failure) -> any Cluster
    /// The agents that a color's framework launches tasks on; nil where nothing reports them.
    public var agents: @Sendable (Color, Inventory) throws(Failure) -> (any AgentPool)?
    public var prober: any Prober
    public var stepRunner: any StepRunner
    /// What the servers of a color that are called over TLS show, with `probes` also those that only probes call.
    /// Sends them nothing.
    public var certificates: @Sendable (Inventory, _ probes: Bool) async -> [CertificateSighting]
    /// What rz keeps of a color's services: as the last run left them, then as they last were. Asks nothing outside.
    public var keptServices: @Sendable (Color) throws(Failure) -> [KeptServices] = { _ in [] }

    /// What a tool reports of the environment's files.
    public var report: @Sendable (ReportRule) async -> ReportFinding = { _ in
        .absent(reason: "nothing here reads reports")
    }

    /// Whose signature stands under a statement, as the environment's signers call the key; nil for one that proves
    /// nothing.
    public var signer: @Sendable (ApprovalStatement, String) async throws(Failure) -> String? = { _, _ in nil }

    public init(
        loadBalancers: [any LoadBalancer], provisioner: any Provisioner, configurator: (any Configurator)?,
        cluster: @escaping @Sendable (Color, Inventory) throws(Failure) -> any Cluster,
        agents: @escaping @Sendable (Color, Inventory) throws(Failure) -> (any AgentPool)? = { _, _ in nil },
        prober: any Prober, stepRunner: any StepRunner,
        certificates: @escaping @Sendable (Inventory, _ probes: Bool) async -> [CertificateSighting] = { _, _ in [] }
    ) {
        self.loadBalancers = loadBalancers
        self.provisioner = provisioner
        self.configurator = configurator
        self.cluster = cluster
        self.agents = agents
        self.prober = prober
        self.stepRunner = stepRunner
        self.certificates = certificates
    }
}

extension Drivers {
    /// What every load balancer says now.
    ///
    /// - Throws: `Failure` of the first that can't be read: it proves nothing.
    package func observeLoadBalancers() async throws(Failure) -> [LoadBalancerID: LoadBalancerState] {
        var states: [LoadBalancerID: LoadBalancerState] = [:]
        for loadBalancer in loadBalancers { states[loadBalancer.name] = try await loadBalancer.observe() }
        return states
    }
}
