/// Asks one probe once.
public protocol Prober: Sendable {
    /// Never throws: what could not be asked is inconclusive. A relative HTTP or TCP probe is asked of `target`
    /// (`host:port`).
    ///
    /// - Parameters:
    ///   - inventory: the servers of the color that is asked.
    ///   - other: those of the other color, which no answer may lead to.
    func ask(_ probe: Probe, target: String?, inventory: Inventory, other: Inventory) async -> GateSample
}

/// Runs what operators add to a runbook.
public protocol StepRunner: Sendable {
    /// Runs a program; its output arrives line by line through `report`.
    func run(_ work: ExecWork, inventory: Inventory, report: Report) async throws(Failure)
    /// Makes a request and compares the status of the answer.
    func call(_ work: HTTPWork, inventory: Inventory) async throws(Failure)
}

/// The time, and the only way to let it pass.
public protocol Timekeeper: Sendable {
    /// What the wall clock says: for people, and for what is written down. It can be set at any time, so nothing that
    /// lasts is measured with it.
    var now: Instant { get }
    /// How long ago some fixed moment was; only grows, whoever sets the clock.
    var uptime: Period { get }
    func sleep(_ period: Period) async throws(CancellationError)
}

/// Everything outside that a run talks to.
public struct Drivers: Sendable {
    public var loadBalancers: [any LoadBalancer]
    public var provisioner: any Provisioner
    public var configurator: (any Configurator)?
    /// The framework of a color with these servers.
    public var cluster: @Sendable (Color, Inventory) throws(Failure) -> any Cluster
    /// The agents that a color's framework launches tasks on; nil where nobody tells of them.
    public var agents: @Sendable (Color, Inventory) throws(Failure) -> (any AgentPool)?
    public var prober: any Prober
    public var stepRunner: any StepRunner
    /// What the servers of a color that are called over TLS show, with `probes` also those that only probes call.
    /// Sends them nothing.
    public var certificates: @Sendable (Inventory, _ probes: Bool) async -> [CertificateSighting]

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
