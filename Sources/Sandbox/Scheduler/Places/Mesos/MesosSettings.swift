import Migration
import Transport

/// How the scheduler joins a Mesos cluster as a framework.
public struct MesosSettings: Sendable, Equatable {
    /// URL of the master that is asked; it may redirect to the one that leads.
    public var master: String
    /// Hosts of all masters, in small letters.
    private let hosts: Set<String>
    public var credentials: Credentials?
    /// For how long the master keeps the tasks of a scheduler that is away.
    public var failoverTimeout: Double = 604_800
    /// After so many heartbeats without a sign of life the master counts as gone.
    var heartbeatTolerance = 3.0
    /// How often the states of all tasks are asked for, in seconds.
    var reconcileInterval = 15.0
    /// How long a task may be unknown to the master before it counts as lost: after a failover of masters, its agent
    /// has to join again first.
    var unknownTolerance = 30.0

    /// - Parameter masters: their URLs, with commas between them; the first is asked.
    public init(master masters: String, credentials: Credentials? = nil) {
        let urls = masters.split(separator: ",").map(String.init)
        let master = urls.first ?? masters
        self.master = master.hasSuffix("/") ? String(master.dropLast()) : master
        self.credentials = credentials
        hosts = Set(
            urls.compactMap { url in
                guard case .tcp(let host, _) = SocketAddress(url: url) else { return nil }
                return host.lowercased()
            })
    }

    /// Whether a redirect may take calls and credentials to a host: a master, or this host where one of them is here.
    func isMaster(_ host: String) -> Bool {
        hosts.contains(host) || Loopback.holds(host) && hosts.contains(where: Loopback.holds)
    }
}
