/// Whether a cluster has room for services, before the first of them is launched.
///
/// A fit is shown by a placement: the largest requests first, each instance on the first agent in the given order that
/// takes it. What is short by the sums can't fit; where only the placement failed, a cleverer one might exist. A new
/// agent at the end of the list leaves every placement as it was, so that it never makes a fit a misfit (unless a
/// `CLUSTER` without a value then chooses another place).
public struct CapacityProof: Sendable, Hashable {
    /// Where one instance goes, and what it takes of each reservation there.
    public struct Placement: Sendable, Hashable {
        public var service: String
        public var agent: String
        public var share: [String: MesosResources]
    }

    public var placements: [Placement]
    /// What is missing, one sentence each; empty when everything fits.
    public var shortfalls: [String]

    public var fits: Bool { shortfalls.isEmpty }

    /// - Parameter agents: of which only active ones count.
    public init(_ requests: [ResourceRequest], on agents: [MesosAgent]) {
        let agents = agents.filter(\.isActive)
        var placement = PlacementRun(agents)
        var unplaced: [(request: ResourceRequest, count: Int, reasons: [String])] = []
        for request in CapacityProof.largestFirst(requests, agents) {
            let placed = placement.place(request)
            guard placed < request.instances else { continue }
            unplaced.append((request, request.instances - placed, placement.reasons(against: request)))
        }
        placements = placement.placements
        shortfalls = []
        guard !unplaced.isEmpty else { return }
        shortfalls = CapacityTotals.shortfalls(requests, agents)
        for (request, count, reasons) in unplaced.sorted(by: { $0.request.service < $1.request.service }) {
            var alone = PlacementRun(agents)
            let room = alone.place(request)
            shortfalls.append(
                room < request.instances
                    ? CapacityProof.impossible(request, room, alone)
                    : "\(CapacityProof.name(request)): no place for \(count) beside the other services"
                        + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"))
        }
    }

    /// Those that are hard to place come first: what is bound to few agents, then what takes the largest part of all.
    private static func largestFirst(_ requests: [ResourceRequest], _ agents: [MesosAgent]) -> [ResourceRequest] {
        // Of a single agent, and not of the sum: the order must stay when an agent is added.
        func size(_ request: ResourceRequest) -> Double {
            max(request.cpus, request.mem / 4096, request.disk / 65536, request.gpus, Double(request.ports.count) / 100)
        }
        func rank(_ request: ResourceRequest) -> Int {
            request.ports.contains { $0 != 0 } ? 0 : request.constraints.isEmpty ? 2 : 1
        }
        return requests.sorted { left, right in
            if rank(left) != rank(right) { return rank(left) < rank(right) }
            if size(left) != size(right) { return size(left) > size(right) }
            return left.service < right.service
        }
    }

    /// The services that do not fit even alone.
    private static func impossible(_ request: ResourceRequest, _ room: Int, _ run: PlacementRun) -> String {
        let reasons = run.reasons(against: request)
        let why = reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"
        let spreads = request.constraints.contains { $0.operator == .unique }
        let fit =
            room == 0
            ? "no agent fits" : spreads ? "only \(count(room, "agent")) fit\(room == 1 ? "s" : "")" : "only \(room) fit"
        return "\(name(request)): \(fit)\(why)"
    }

    /// `/shop/db × 3 with hostname UNIQUE`.
    private static func name(_ request: ResourceRequest) -> String {
        let rules = request.constraints.map(\.description).joined(separator: ", ")
        return "\(request.service) × \(request.instances)" + (rules.isEmpty ? "" : " with \(rules)")
    }
}

func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
