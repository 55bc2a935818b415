import Engine
import Migration

/// Asks probes round by round, until each has passed often enough in a row.
struct ProbeRounds {
    /// A probe, and of what it is where that is not clear from its answer.
    struct Question {
        var probe: Probe
        var title: String?
    }

    private let questions: [Question]
    private var passes: [ConsecutivePasses]

    init(_ questions: [Question], passes: Int) {
        self.questions = questions
        self.passes = questions.map { _ in ConsecutivePasses(needed: passes) }
    }

    init(_ gate: ProbeGate) { self.init(gate.probes.map { Question(probe: $0) }, passes: gate.passes) }

    /// What is declared to be moved by others is asked with the gate's own probes.
    init(_ gate: ServiceGate, _ declared: [DeclaredService]) {
        self.init(
            gate.probes.map { Question(probe: $0) }
                + declared.map { Question(probe: $0.probe, title: $0.title) }, passes: gate.passes)
    }

    /// One round.
    ///
    /// - Returns: what is still missing; nil when every probe has passed often enough.
    mutating func ask(_ context: StepContext) async throws(Failure) -> String? {
        guard !questions.isEmpty else { return nil }
        let new = try await context.inventory(of: context.direction.new)
        let old = try await context.inventory(of: context.direction.old)
        var missing: String?
        for (index, question) in questions.enumerated() {
            let sample = try await ask(question.probe.filled(context.direction), new, old, context)
            passes[index].record(sample.verdict)
            guard !passes[index].isReached else { continue }
            missing = missing ?? [question.title, sample.message].compactMap { $0 }.joined(separator: ": ")
        }
        return missing
    }

    /// Asks a probe at its own address, or at every server of the new color that a load balancer sees up.
    private func ask(
        _ probe: Probe, _ new: Inventory, _ old: Inventory, _ context: StepContext
    ) async throws(Failure) -> GateSample {
        let targets = probe.isRelative ? try await targets(context) : [nil]
        guard !targets.isEmpty else {
            return GateSample(
                gate: "probe", subject: context.direction.new.rawValue, verdict: .inconclusive,
                message: "no load balancer lists a server of \(context.direction.new) that could be probed")
        }
        var last: GateSample?
        for target in targets {
            let sample = await context.drivers.prober.ask(probe, target: target, inventory: new, other: old)
            if sample.verdict != .pass { return sample }
            last = sample
        }
        return last ?? GateSample(gate: "probe", subject: "", verdict: .inconclusive, message: "nothing was probed")
    }

    private func targets(_ context: StepContext) async throws(Failure) -> [String?] {
        let observation = try await context.traffic.observe()
        let addresses = observation.states.keys.flatMap { name in
            context.environment.traffic.flatMap { rule in
                observation.servers(rule, context.direction.new, on: name)
                    .filter { $0.isMovable && $0.operation == .up }.map(\.address)
            }
        }
        return Set(addresses).sorted()
    }
}
