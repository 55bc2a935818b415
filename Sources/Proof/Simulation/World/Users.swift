import Migration

/// Who serves the users of each backend, and how they fare: the truth that no load balancer tells.
extension WorldState {
    static let requestsPerMillisecond = 0.1
    /// A part of what a color is asked that no run may go on failing for long.
    private static let failing = 0.2
    /// A smaller part of a backend's requests proves nothing.
    private static let least = 0.01

    mutating func serve(from start: Int64, to end: Int64) {
        let isServing = servingColors
        for balancer in loadBalancers.indices {
            for backend in loadBalancers[balancer].backends.indices {
                serve(backend, of: balancer, from: start, to: end, isServing)
            }
        }
    }

    private var servingColors: ByColor<Bool> {
        var colors = ByColor(both: false)
        for color in Color.allCases { colors[color] = isServing(color) }
        return colors
    }

    private mutating func serve(
        _ backend: Int, of balancer: Int, from start: Int64, to end: Int64, _ isServing: ByColor<Bool>
    ) {
        let requests = Double(end - start) * WorldState.requestsPerMillisecond
        var asked = ByColor(both: 0.0)
        var failed = ByColor(both: 0.0)
        let shares = shares(backend, of: balancer, isServing, passed: end - start)
        for (index, share) in shares {
            let color = loadBalancers[balancer].servers[index].color
            let part = requests * share
            asked[color] += part
            failed[color] += answer(part, by: index, of: balancer, until: end, isServing)
        }
        note(backend, of: balancer, start, requests, asked, failed, isRefused: shares.isEmpty)
    }

    private mutating func note(
        _ backend: Int, of balancer: Int, _ start: Int64, _ requests: Double, _ asked: ByColor<Double>,
        _ failed: ByColor<Double>, isRefused: Bool
    ) {
        var fate = loadBalancers[balancer].backends[backend]
        fate.unservedSince = isRefused ? fate.unservedSince ?? start : nil
        for color in Color.allCases {
            let isFailing =
                asked[color] >= requests * WorldState.least && failed[color] >= asked[color] * WorldState.failing
            fate.failingSince[color] = isFailing ? fate.failingSince[color] ?? start : nil
            let isRefusing =
                asked[color] >= requests * WorldState.least && self[color].retryRate >= WorldState.failing
            fate.refusingSince[color] = isRefusing ? fate.refusingSince[color] ?? start : nil
        }
        fate.failed = ByColor(both: nil)
        for color in Color.allCases where asked[color] > 0 { fate.failed[color] = failed[color] / asked[color] }
        fate.hurt = isRefused ? 1 : (failed.blue + failed.green) / requests
        if isRefused {
            fate.refused += requests
            let isSet = loadBalancers[balancer].servers.contains { $0.backend == fate.name && $0.isSetToServe }
            failedRequests += max(1, Int(requests))
            if !isSet, !isTakenByWorld(fate.name, on: loadBalancers[balancer]) {
                deniedRequests += max(1, Int(requests))
            }
        }
        wrongAnswers += failed.blue + failed.green
        loadBalancers[balancer].backends[backend] = fate
    }

    /// Whether no one could serve a backend, and no rz made it so: of each color every server is dead, or destroyed, which
    /// rz may do where the other one serves, or a reload lost it.
    private func isTakenByWorld(_ backend: String, on balancer: SimulatedLoadBalancer) -> Bool {
        Color.allCases.allSatisfy { color in
            let own = balancer.servers.filter {
                $0.backend == backend && $0.color == color && !$0.isFree && !$0.isBackup
            }
            let isLost = own.isEmpty && balancer.lost.contains { $0.backend == backend && $0.color == color }
            return isLost
                || !own.isEmpty
                    && own.allSatisfy {
                        $0.isGone || max($0.isDeadUntil, self[$0.machine].isLostUntil) > time
                            || self[$0.machine].servers.isEmpty
                    }
        }
    }

    // MARK: - Who is asked

    /// The part of a backend's requests that each server is asked; empty when none can be.
    private mutating func shares(
        _ backend: Int, of balancer: Int, _ isServing: ByColor<Bool>, passed: Int64
    ) -> [(index: Int, share: Double)] {
        let name = loadBalancers[balancer].backends[backend].name
        let offered = loadBalancers[balancer].servers.indices.filter { index in
            let server = loadBalancers[balancer].servers[index]
            return server.backend == name && server.isSetToServe && isBelievedUp(server, of: balancer, isServing)
        }
        let byWeight: [(index: Int, share: Double)]
        if offered.isEmpty {
            let backups = loadBalancers[balancer].servers.indices.filter { index in
                let server = loadBalancers[balancer].servers[index]
                return server.backend == name && server.isBackup && server.administration == .ready
                    && isBelievedUp(server, of: balancer, isServing)
            }
            byWeight = backups.map { ($0, 1 / Double(backups.count)) }
        } else {
            let sum = offered.reduce(0) { $0 + loadBalancers[balancer].servers[$1].weight }
            byWeight = offered.map { ($0, Double(loadBalancers[balancer].servers[$0].weight) / Double(sum)) }
        }
        guard let remembered = loadBalancers[balancer].backends[backend].remembered else { return byWeight }
        return shares(byWeight, remembered, backend, of: balancer, isServing, passed)
    }

    /// Users who are remembered stay at their color while it can serve; those who come go where weights send them.
    private mutating func shares(
        _ byWeight: [(index: Int, share: Double)], _ before: ByColor<Double>, _ backend: Int, of balancer: Int,
        _ isServing: ByColor<Bool>, _ passed: Int64
    ) -> [(index: Int, share: Double)] {
        let name = loadBalancers[balancer].backends[backend].name
        var remembered = before
        var shares: [(index: Int, share: Double)] = []
        let gone = min(1, Double(passed) / Double(visitLength))
        for color in Color.allCases {
            let coming = byWeight.filter { loadBalancers[balancer].servers[$0.index].color == color }
                .reduce(0) { $0 + $1.share }
            remembered[color] = remembered[color] * (1 - gone) + coming * gone
            if remembered[color] < 0.02, coming == 0 { remembered[color] = 0 }
        }
        for color in Color.allCases {
            let own = loadBalancers[balancer].servers.indices.filter { index in
                let server = loadBalancers[balancer].servers[index]
                return server.backend == name && server.color == color && server.administration != .maint
                    && !server.isFree && isBelievedUp(server, of: balancer, isServing)
            }
            if own.isEmpty {
                // They go where weights send them: to no server without one.
                if byWeight.contains(where: { loadBalancers[balancer].servers[$0.index].color != color }) {
                    remembered[color.other] += remembered[color]
                }
                remembered[color] = 0
            }
        }
        // An ALB, which counts nothing, sends no one to a color without weight because his own can't serve.
        let least = loadBalancers[balancer].isBlind ? 1 : 0.0
        let sum = max(least, remembered.blue + remembered.green)
        guard sum > 0 else { return byWeight }
        for color in Color.allCases where remembered[color] > 0 {
            remembered[color] /= sum
            let weighted = byWeight.filter { loadBalancers[balancer].servers[$0.index].color == color }
            let all = weighted.reduce(0) { $0 + $1.share }
            if all > 0 {
                shares += weighted.map { ($0.index, remembered[color] * $0.share / all) }
                continue
            }
            let own = loadBalancers[balancer].servers.indices.filter { index in
                let server = loadBalancers[balancer].servers[index]
                return server.backend == name && server.color == color && server.administration != .maint
                    && !server.isFree && isBelievedUp(server, of: balancer, isServing)
            }
            shares += own.map { ($0, remembered[color] / Double(own.count)) }
        }
        loadBalancers[balancer].backends[backend].remembered = remembered
        return shares
    }

    // MARK: - What they get

    /// - Returns: how many of the requests fail.
    private mutating func answer(
        _ part: Double, by index: Int, of balancer: Int, until end: Int64, _ isServing: ByColor<Bool>
    ) -> Double {
        var server = loadBalancers[balancer].servers[index]
        defer { loadBalancers[balancer].servers[index] = server }
        server.past.lastRequestAt = end
        let machines = self[server.machine]
        guard isAlive(server, isServing) else {
            server.past.requests += part
            server.past.errors += part
            server.past.unconnected += part
            return part
        }
        if server.past.busyUntil <= time { server.past.busySince = end }
        server.past.busyUntil = max(server.past.busyUntil, end + sessionLength)
        if machines.isHanging {
            server.past.hung += part
            return part
        }
        // Whoever waited in vain has gone.
        server.breakOff()
        let wrong = part * (server.isSick ? 1 : machines.errorRate)
        let refused = part * machines.clientErrorRate
        let retried = part * machines.retryRate
        server.past.requests += part + retried
        server.past.errors += wrong + retried
        server.past.badAnswers += wrong
        server.past.retries += retried
        server.past.clientErrors += refused
        return min(part, wrong + refused)
    }

    /// Whether a server answers whoever asks.
    func isAlive(_ server: SimulatedServer, _ isServing: ByColor<Bool>) -> Bool {
        !server.isFree && !server.isGone && time >= server.isDeadUntil && isServing[server.machine]
            && self[server.machine].serves(server.host) && isListening(server)
    }

    /// Whether anyone listens at its port: the task that did may have moved.
    func isListening(_ server: SimulatedServer) -> Bool {
        guard let moves = self[server.machine].moves[server.host], let port = server.port else { return true }
        return port >= 80 + WorldState.portsEach * moves
    }

    /// The part of what a color was asked just now that it did not answer well, where that part is greatest; nil where it
    /// was asked nothing.
    func failedShare(of color: Color) -> Double? {
        loadBalancers.flatMap(\.backends).compactMap { $0.failed[color] }.max()
    }

    /// Whether whatever stands at an address answers.
    func answers(at address: String) -> Bool {
        let isServing = servingColors
        let listed = loadBalancers.flatMap { balancer in
            balancer.servers.filter { !$0.isFree && self.address(of: $0, on: balancer) == address }
        }
        return !listed.isEmpty && listed.allSatisfy { isAlive($0, isServing) }
    }

    func address(of server: SimulatedServer, on balancer: SimulatedLoadBalancer) -> String {
        let port = server.port ?? 80 + (balancer.backends.firstIndex { $0.name == server.backend } ?? 0)
        return "\(WorldState.address(of: server.machine, host: server.host)):\(port)"
    }

    private func isBelievedUp(_ server: SimulatedServer, of balancer: Int, _ isServing: ByColor<Bool>) -> Bool {
        loadBalancers[balancer].checkPeriod == 0 ? isAlive(server, isServing) : server.isBelievedUp
    }

    // MARK: - What load balancers say

    /// Load balancers ask their servers how they are, each in its time.
    mutating func check() {
        guard loadBalancers.contains(where: { $0.checkPeriod > 0 }) else { return }
        let isServing = servingColors
        for balancer in loadBalancers.indices where loadBalancers[balancer].checkPeriod > 0 {
            for index in loadBalancers[balancer].servers.indices {
                var server = loadBalancers[balancer].servers[index]
                guard server.administration != .maint, server.past.nextCheckAt <= time else { continue }
                let isAlive = isAlive(server, isServing)
                if isAlive, !server.isBelievedUp { server.past.slowUntil = time + loadBalancers[balancer].slowStart }
                server.isBelievedUp = isAlive
                server.isChecked = true
                server.past.nextCheckAt = time + loadBalancers[balancer].checkPeriod
                loadBalancers[balancer].servers[index] = server
            }
        }
    }

    /// Whether a load balancer can truly say of a server that it carries traffic of its color.
    private func carries(_ server: SimulatedServer, of balancer: Int, _ isServing: ByColor<Bool>) -> Bool {
        // Whom a switch would send requests to carries them the moment it does.
        let isSet = loadBalancers[balancer].isSwitch(server.backend) ? server.isReady : server.isSetToServe
        guard isSet, server.machine == server.color else { return false }
        if loadBalancers[balancer].checkPeriod == 0 { return isAlive(server, isServing) }
        // Where no check was asked yet, whoever asks the server itself knows.
        return server.isBelievedUp && (server.isChecked || isAlive(server, isServing))
    }

    /// Since when no load balancer can say of a color that it carries a backend.
    mutating func noteWhoCarries() {
        let isServing = servingColors
        for balancer in loadBalancers.indices {
            for backend in loadBalancers[balancer].backends.indices {
                let name = loadBalancers[balancer].backends[backend].name
                for color in Color.allCases {
                    let carrying = loadBalancers[balancer].servers.count { server in
                        server.backend == name && server.color == color && carries(server, of: balancer, isServing)
                    }
                    let known = loadBalancers[balancer].backends[backend].silentSince[color]
                    loadBalancers[balancer].backends[backend].silentSince[color] =
                        carrying >= needed[color] ? nil : known ?? time
                }
            }
        }
    }

    /// Whether a color could serve a backend, were it given traffic: a server that no one took out answers well.
    func couldServe(
        _ color: Color, _ backend: String, on balancer: SimulatedLoadBalancer, without takenOut: Set<String>
    ) -> Bool {
        let isServing = servingColors
        let state = self[color]
        guard state.errorRate + state.clientErrorRate < WorldState.failing, !state.isHanging else { return false }
        return balancer.servers.contains { server in
            server.backend == backend && server.color == color && !server.isBackup && !server.isSick
                && !takenOut.contains(server.name) && server.machine == color && isAlive(server, isServing)
        }
    }

    func operation(of server: SimulatedServer, on balancer: SimulatedLoadBalancer) -> ServerState.Operation {
        guard server.administration != .maint, !server.isFree else { return .down }
        let isUp = balancer.checkPeriod == 0 ? isAlive(server, servingColors) : server.isBelievedUp
        guard isUp else { return .down }
        return time < server.past.slowUntil ? .starting : .up
    }

    func checkResult(of server: SimulatedServer, on balancer: SimulatedLoadBalancer) -> ServerState.Check {
        guard server.administration != .maint, !server.isFree else { return .pending }
        guard balancer.checkPeriod > 0 else { return isAlive(server, servingColors) ? .passed : .failed }
        return !server.isChecked ? .pending : server.isBelievedUp ? .passed : .failed
    }
}
