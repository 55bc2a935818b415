import Engine
import Migration
import Planning

/// Weights and administration on the load balancers as the last run left them.
package struct ConvergeLoadBalancersStep: BuiltInStep {
    static let name: StepKind = "convergeWeights"
    package let use = BuiltIn.loadBalancers
    package let kind = ConvergeLoadBalancersStep.name
    package let phase = PhaseID.loadBalancers

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let settings = scope.drifts.compactMap { drift -> (String, String)? in
            guard case .set(let name, let change)? = drift.remedy else { return nil }
            let place = "\(name)/\(change.backend)/\(change.server)"
            switch change.change {
            case .weight(let weight): return ("weight " + place, String(weight))
            case .administration(let administration): return ("administration " + place, administration.rawValue)
            case .shutdownSessions, .takeQueue, .add, .remove: return nil
            }
        }
        guard !settings.isEmpty else { return [] }
        let action = Action.builtIn(
            ConvergeLoadBalancersStep.name, Dictionary(settings, uniquingKeysWith: { first, _ in first }))
        return [line.step("weights as they were", action, on: scope.direction.new, estimate: .seconds(3))]
    }

    package func work(_ step: Step) -> (any StepWork)? {
        guard case .builtIn(_, let arguments) = step.action else { return nil }
        var wanted: [LoadBalancerID: [ServerChange]] = [:]
        for (key, text) in arguments.sorted(by: { $0.key < $1.key }) {
            let words = key.split(separator: " ", maxSplits: 1).map(String.init)
            let place = (words.last ?? "").split(separator: "/", maxSplits: 2).map(String.init)
            guard words.count == 2, place.count == 3 else { return nil }
            let change: ServerChange.Change
            if words[0] == "weight", let weight = Int(text) {
                change = .weight(weight)
            } else if let administration = ServerState.Administration(rawValue: text) {
                change = .administration(administration)
            } else {
                return nil
            }
            wanted[LoadBalancerID(place[0]), default: []].append(
                ServerChange(backend: place[1], server: place[2], change: change))
        }
        return ConvergeLoadBalancers(wanted: wanted)
    }

    package func line(_ plan: Plan) -> PlanLine? {
        PlanLine(
            "weights, raised before any is lowered", mark: "~", .careful, undo: "stays",
            details: PlanLine.Detail.drifts(of: .loadBalancers, in: plan))
    }
}

extension BuiltIn {
    package static var loadBalancers: BuiltIn { "loadBalancers" }
}

/// Sets what differs, and reads it back.
struct ConvergeLoadBalancers: StepWork {
    let wanted: [LoadBalancerID: [ServerChange]]

    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.knowServers(again: true)
        let traffic = await context.traffic
        if try await traffic.hasAll(wanted) { return "as they were" }
        try await context.intend("set \(wanted.values.reduce(0) { $0 + $1.count }) settings of servers")
        try await traffic.set(wanted)
        return "as they were"
    }
}
