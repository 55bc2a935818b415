import JSON
import Migration

extension MetronomeCluster: MesosTenant {
    var taskNaming: TaskClaim.Naming { .metronome }

    /// Its API does not report the id that it is registered with.
    func observeFramework() async throws(Failure) -> PlatformGate.Framework {
        PlatformGate.Framework(name: "Metronome", registeredAs: "metronome")
    }

    func taskOwner(of service: ServiceID) -> String? {
        service.text.contains("/") || service.text.contains(":") ? nil : service.text
    }

    func request(for service: Service) throws(Failure) -> ResourceRequest {
        let run = try MetronomeJob(.object(service.definitionJSON())).normalForm["run"] ?? [:]
        let constraints = (run["placement"]?["constraints"]?.array ?? []).map { constraint in
            ["attribute", "operator", "value"].compactMap { constraint[$0]?.string }
        }
        return ResourceRequest(
            service: service.id.text, instances: 1, cpus: run["cpus"]?.double ?? 1, mem: run["mem"]?.double ?? 128,
            disk: run["disk"]?.double ?? 0, gpus: run["gpus"]?.double ?? 0,
            constraints: constraints.compactMap { PlacementConstraint($0) })
    }
}

extension ChronosCluster: MesosTenant {
    var taskNaming: TaskClaim.Naming { .chronos }

    /// Its API does not report the id that it is registered with.
    func observeFramework() async throws(Failure) -> PlatformGate.Framework {
        PlatformGate.Framework(name: "Chronos", registeredAs: "chronos")
    }

    func taskOwner(of service: ServiceID) -> String? {
        guard service.text.hasPrefix(ServiceSource.chronosMark) else { return nil }
        return String(service.text.dropFirst(ServiceSource.chronosMark.count))
    }

    /// The defaults are those of Chronos' `--mesos_task_*` options.
    func request(for service: Service) throws(Failure) -> ResourceRequest {
        let job = try service.definitionJSON()
        let constraints = (job["constraints"]?.array ?? []).map { ($0.array ?? []).compactMap(\.string) }
        return ResourceRequest(
            service: service.id.text, instances: 1, cpus: job["cpus"]?.double ?? 0.1,
            mem: job["mem"]?.double ?? 128, disk: job["disk"]?.double ?? 256, gpus: job["gpus"]?.double ?? 0,
            constraints: constraints.compactMap { PlacementConstraint($0) })
    }
}
