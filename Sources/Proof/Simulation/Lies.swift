import Migration

/// A way in which a world is less kind than it says.
public enum Lie: String, Sendable, Hashable, CaseIterable {
    /// Load balancers check their servers seldom: one that has just left maintenance is called up, dead or alive.
    case slowChecks
    /// A server that comes up gets less than its weight for a while.
    case slowStart
    /// The live color's servers weigh differently, and not what the configuration says.
    case unevenWeights
    /// A person took a server of the live color out before the run.
    case takenOut
    /// A person takes one out while the run is under way.
    case takenOutLater
    /// The idle color is in maintenance, as the last move left it.
    case asleep
    /// Backup servers, and slots without an address.
    case spares
    /// A reload loses servers of the new color.
    case emptied
    /// A server of the new color has an address of the old one.
    case wrongAddresses
    /// The new color's variables mean the old one's servers.
    case wrongServers
    /// Users stay at the color that served them first.
    case remembered
    /// Processes of before a reload serve on what they have, told or not.
    case oldProcesses
    /// The new color answers errors, refuses, hangs or dies, in whatever phase.
    case sickness
    /// Requests wait for servers of the old color that have no session.
    case queue
    /// Sessions last longer than a drain waits.
    case longSessions
    /// A load balancer's admin socket says nothing for long.
    case frozen
    /// The old color dies in one backend.
    case deadBackend
    /// A framework reports less than it runs: its store is gone, a leader came up without its state.
    case shrunkSource
    /// The new color's servers take less than they did when the plan was made.
    case smaller
    /// The new color refuses a part of its connections at first: users are served, by a second try.
    case retried
}

extension Lie {
    /// Some of them, as a seed decides: many runs have none, most of the others few.
    static func random(_ generator: inout SeededGenerator) -> Set<Lie> {
        guard !generator.chance(oneIn: 4) else { return [] }
        let rate = Int.random(in: 2...8, using: &generator)
        // What stops a run before the traffic moves hides everything that comes after.
        return Set(drawn.filter { generator.chance(oneIn: $0.stopsEarly ? rate * 4 : rate) })
    }

    /// These have dice of their own (`SimulatedRun`): what else a seed decides does not depend on them.
    private static let drawn = allCases.filter { ![.shrunkSource, .smaller, .retried].contains($0) }

    /// What leaves the shares of the traffic as they were set, so that a run under limits can be judged by them.
    public static let besideShares: Set<Lie> = [
        .slowChecks, .asleep, .remembered, .oldProcesses, .sickness, .queue, .longSessions, .frozen, .smaller,
    ]
}

extension Lie {
    private var stopsEarly: Bool { self == .wrongServers || self == .wrongAddresses }
}

extension WorldState {
    /// What is so before the run begins.
    ///
    /// - Returns: servers that a person took out, as `backend/server`.
    mutating func lie(_ lies: Set<Lie>, old: Color, _ generator: inout SeededGenerator) -> Set<String> {
        if lies.contains(.wrongServers) { target[old.other] = old }
        if lies.contains(.oldProcesses) { sessionLength = Int64.random(in: 3_000...20_000, using: &generator) }
        if lies.contains(.longSessions) { sessionLength = Int64.random(in: 15_000...45_000, using: &generator) }
        if lies.contains(.remembered) { visitLength = Int64.random(in: 2_000...12_000, using: &generator) }
        let weights = (0..<4).map { _ in Int.random(in: 1...250, using: &generator) }
        let isWeightless = generator.chance(oneIn: 2)
        var takenOut: Set<String> = []
        for index in loadBalancers.indices {
            var balancer = loadBalancers[index]
            if lies.contains(.slowChecks) {
                balancer.checkPeriod = Int64.random(in: 300...10_000, using: &generator)
            }
            if lies.contains(.slowStart) {
                balancer.checkPeriod = max(500, balancer.checkPeriod)
                balancer.slowStart = Int64.random(in: 1_000...20_000, using: &generator)
            }
            if lies.contains(.oldProcesses) {
                balancer.tellsOldWorkers = generator.chance(oneIn: 2)
                balancer.keepsState = generator.chance(oneIn: 2) || balancer.isBlind
                balancer.hardStopAfter = Int64.random(in: 5_000...30_000, using: &generator)
                balancer.clientPause = Int64.random(in: 0...12_000, using: &generator)
            }
            if lies.contains(.spares) { balancer.addSpares(old) }
            if lies.contains(.smaller) { balancer.setLimits(of: old.other, to: SimulatedServer.tooFew) }
            takenOut.formUnion(balancer.lie(lies, old: old, weights, isWeightless: isWeightless))
            loadBalancers[index] = balancer
        }
        noteWhoCarries()
        return takenOut
    }
}

extension SimulatedLoadBalancer {
    /// What each server of a color takes at a time, where that is limited.
    fileprivate mutating func setLimits(of color: Color, to limit: Int) {
        for index in servers.indices where servers[index].color == color && servers[index].limit != nil {
            servers[index].limit = limit
        }
    }

    fileprivate mutating func lie(
        _ lies: Set<Lie>, old: Color, _ weights: [Int], isWeightless: Bool
    ) -> Set<String> {
        var takenOut: Set<String> = []
        for index in servers.indices where !servers[index].isFree && !servers[index].isBackup {
            let isOld = servers[index].color == old
            let host = servers[index].host
            let isSwitch = isSwitch(servers[index].backend)
            if isOld, !isSwitch, lies.contains(.unevenWeights) { servers[index].weight = weights[host % weights.count] }
            if isOld, host == 1, lies.contains(.takenOut) {
                if isWeightless, !isSwitch { servers[index].weight = 0 } else { servers[index].administration = .maint }
                servers[index].isSick = true
                takenOut.insert("\(servers[index].backend)/\(servers[index].name)")
            }
            if !isOld, lies.contains(.asleep) { servers[index].administration = .maint }
            if !isOld, lies.contains(.emptied) { servers[index].isDynamic = true }
            if !isOld, host == 0, lies.contains(.wrongAddresses) { servers[index].machine = old }
            if checkPeriod > 0 { servers[index].isBelievedUp = isOld && servers[index].administration != .maint }
        }
        if lies.contains(.remembered) {
            var remembered = ByColor(both: 0.0)
            remembered[old] = 1
            backends[0].remembered = remembered
        }
        return takenOut
    }

    fileprivate mutating func addSpares(_ old: Color) {
        for backend in backends.filter({ !$0.isSwitch }).map(\.name) {
            var backup = SimulatedServer(
                backend: backend, name: "\(old)-spare", color: old, weight: 100, configuredWeight: 100)
            backup.isBackup = true
            var free = SimulatedServer(
                backend: backend, name: "\(old.other)-free", color: old.other, weight: 100, configuredWeight: 100)
            free.isFree = true
            free.administration = .maint
            servers += [backup, free]
        }
    }
}

extension WorldState {
    /// Everything is well again; what a person took out stays out.
    mutating func heal(_ old: Color) {
        target[old.other] = old.other
        reported = ByColor(both: nil)
        for color in Color.allCases {
            self[color].errorRate = 0
            self[color].clientErrorRate = 0
            self[color].retryRate = 0
            self[color].isHanging = false
            self[color].isLostUntil = min(self[color].isLostUntil, time)
        }
        for index in loadBalancers.indices {
            loadBalancers[index].isFrozenUntil = min(loadBalancers[index].isFrozenUntil, time)
            loadBalancers[index].servers += loadBalancers[index].lost
            loadBalancers[index].setLimits(of: old.other, to: SimulatedServer.enough)
            loadBalancers[index].lost = []
            for server in loadBalancers[index].servers.indices {
                let color = loadBalancers[index].servers[server].color
                loadBalancers[index].servers[server].machine = color
                loadBalancers[index].servers[server].isDeadUntil = 0
                loadBalancers[index].servers[server].isDynamic = false
            }
        }
        check()
        noteWhoCarries()
    }
}
