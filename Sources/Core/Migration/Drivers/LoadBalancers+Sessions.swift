extension [any LoadBalancer] {
    /// Who talks to these servers now, asked of all their load balancers at once. One that can't be asked is named under
    /// what is unknown.
    ///
    /// - Parameter detailed: for so many of the oldest of each load balancer bytes are asked for, too.
    package func observeSessions(
        of servers: [LoadBalancerID: [ListedServer]], detailed: Int
    ) async -> OpenSessions {
        await withTaskGroup(of: OpenSessions.self) { group in
            for loadBalancer in self {
                guard let own = servers[loadBalancer.name], !own.isEmpty else { continue }
                group.addTask {
                    do throws(Failure) {
                        return try await loadBalancer.observeSessions(of: own, detailed: detailed)
                    } catch {
                        return OpenSessions(unknown: ["\(loadBalancer.name): \(error.summary)"])
                    }
                }
            }
            return await group.reduce(OpenSessions()) { $0 + $1 }
        }
    }

    /// Who talks to a color now.
    package func observeSessions(of color: Color, _ rules: [TrafficRule], detailed: Int) async -> OpenSessions {
        var servers: [LoadBalancerID: [ListedServer]] = [:]
        var unknown = OpenSessions()
        for loadBalancer in self {
            do throws(Failure) {
                let name = loadBalancer.name
                let observation = TrafficObservation(
                    time: Instant(milliseconds: 0), states: [name: try await loadBalancer.observe()])
                servers[name] = rules.on(name).flatMap { rule in
                    observation.servers(rule, color, on: name).map {
                        ListedServer(backend: rule.backend, name: $0.name)
                    }
                }
            } catch {
                unknown = unknown + OpenSessions(unknown: ["\(loadBalancer.name): \(error.summary)"])
            }
        }
        return await observeSessions(of: servers, detailed: detailed) + unknown
    }
}
