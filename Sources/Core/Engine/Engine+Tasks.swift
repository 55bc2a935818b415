import Migration

/// Tasks that runs put into backends: one that is restarted gets other ports, and the list follows.
extension Engine {
    /// The servers that runs put into backends for a color that has these servers, as they are now.
    func registered(_ color: Color, in inventory: Inventory) async throws(Failure) -> RegisteredServers {
        let rules = plan.environment.traffic
        let services = rules.servicesRegistered(of: color)
        var tasks: [ServiceID: [ServiceTask]] = [:]
        if !services.isEmpty {
            let cluster = try drivers.cluster(color, inventory)
            for service in services { tasks[service] = try await cluster.observeTasks(of: service) }
        }
        return try rules.registered(color, of: inventory, tasks: tasks, on: drivers.loadBalancers.map(\.name))
    }

    var hasTasksToFollow: Bool { !plan.environment.traffic.servicesRegistered(of: plan.direction.new).isEmpty }

    /// While the run has servers of the new color listed: looks where its tasks are. What can't be seen changes nothing.
    func followTasks() async {
        let color = plan.direction.new
        while !Task.isCancelled {
            do { try await clock.sleep(Engine.taskInterval) } catch { return }
            guard !state.traffic.registered.isEmpty else { continue }
            await Activity.$current.withValue("tasks/\(state.phase)") {
                do throws(Failure) {
                    let session = try await self.session(of: color)
                    try await traffic.follow(try await registered(color, in: session.inventory), of: color)
                } catch {
                    // The gates judge what the users of such a task notice.
                }
            }
        }
    }

    private static let taskInterval = Period.seconds(2)
}
