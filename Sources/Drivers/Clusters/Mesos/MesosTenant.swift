import Migration

/// A framework that launches its services through Mesos: how it is known there, and what it asks for.
protocol MesosTenant: Cluster {
    /// How it names its tasks.
    var taskNaming: TaskClaim.Naming { get }

    /// How it is known to Mesos, as it says itself.
    func observeFramework() async throws(Failure) -> PlatformGate.Framework

    /// What its tasks say they belong to; nil when a service is not one of this framework's.
    func taskOwner(of service: ServiceID) -> String?

    /// What one instance of a service takes, and where it may run.
    func request(for service: Service) throws(Failure) -> ResourceRequest
}
