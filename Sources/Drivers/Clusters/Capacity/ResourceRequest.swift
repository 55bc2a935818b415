/// What one service still asks of a cluster, whichever framework launches it. A pod asks for the sum of its containers.
public struct ResourceRequest: Sendable, Hashable {
    /// For people, for example `/shop/db`.
    public var service: String
    /// How many are to be launched, beside those that run already.
    public var instances: Int
    /// For one instance.
    public var cpus: Double
    /// MiB, as `disk` is.
    public var mem: Double
    public var disk: Double
    public var gpus: Double
    /// The host ports of one instance: fixed ones, and 0 for any.
    public var ports: [Int]
    /// Whose resources it takes: `*` stands for those that are reserved for no one.
    public var roles: Set<String>
    public var constraints: [PlacementConstraint]
    /// Ids of the agents that instances run on already, one entry an instance. Their resources count as used there.
    public var runningOn: [String]

    public init(
        service: String, instances: Int, cpus: Double, mem: Double, disk: Double = 0, gpus: Double = 0,
        ports: [Int] = [], roles: Set<String> = ["*"], constraints: [PlacementConstraint] = [],
        runningOn: [String] = []
    ) {
        self.service = service
        self.instances = instances
        self.cpus = cpus
        self.mem = mem
        self.disk = disk
        self.gpus = gpus
        self.ports = ports
        self.roles = roles
        self.constraints = constraints
        self.runningOn = runningOn
    }
}
