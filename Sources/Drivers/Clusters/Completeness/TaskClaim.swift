/// The services that one source launches on a cluster, and how their tasks are recognized.
public struct TaskClaim: Sendable, Hashable {
    /// How a framework names the tasks of a service.
    public enum Naming: Sendable, Hashable {
        /// `/shop/cart` → id `shop_cart.instance-UUID._app.1` or `shop_cart.UUID`, name `cart.shop`; pods have the
        /// container's name instead of `_app`.
        case marathon
        /// Job `shop.report` → id `shop_report_20160715130259A34HX.UUID`: each run is an app of its own.
        case metronome
        /// Job `report` → id `ct:TIME:ATTEMPT:report:`, name `ChronosTask:report`.
        case chronos
        /// The task's name is the service's: `mc:PROJECT:SERVICE`, or what `task_name` says.
        case compose
    }

    /// The id that the framework is registered with.
    public var framework: String
    public var naming: Naming
    /// Ids of apps, pods or jobs; for mesos-compose the names of tasks.
    public var services: Set<String>

    public init(framework: String, naming: Naming, services: Set<String>) {
        self.framework = framework
        self.naming = naming
        self.services = services
    }

    /// The service that a task of this framework is of, whether it is claimed or not; nil when that can't be known.
    func service(of task: MesosTask) -> String? {
        switch naming {
        case .marathon:
            if let flat = TaskClaim.flatID(of: task.id) { return "/" + flat.replacing("_", with: "/") }
            return services.first { TaskClaim.marathonName($0) == task.name }
        case .metronome:
            guard let flat = TaskClaim.flatID(of: task.id), let run = flat.lastIndex(of: "_") else { return nil }
            return String(flat[..<run]).replacing("_", with: ".")
        case .chronos:
            let mark = "ChronosTask:"
            if task.name.hasPrefix(mark) { return String(task.name.dropFirst(mark.count)) }
            let parts = task.id.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count > 3 && parts[0] == "ct" ? String(parts[3]) : nil
        case .compose:
            return task.name
        }
    }

    /// What stands before the UUID. An id may hold dots of its own, but no underscore.
    private static func flatID(of task: String) -> String? {
        // Made again each time: a Regex is not Sendable.
        let form =
            /(.+?)\.(?:instance-|marathon-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?:\..*)?/
        return (try? form.wholeMatch(in: task)).map { String($0.output.1) }
    }

    /// `/shop/cart` → `cart.shop`.
    private static func marathonName(_ id: String) -> String {
        id.split(separator: "/").reversed().joined(separator: ".")
    }
}
