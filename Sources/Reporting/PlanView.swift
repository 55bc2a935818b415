import Migration

/// A plan as people read it before they say yes.
public struct PlanView: Sendable {
    private let plan: Plan
    private let style: Style
    private let width: Int

    public init(_ plan: Plan, style: Style = .plain, width: Int = 100) {
        self.plan = plan
        self.style = style
        self.width = width
    }

    public var text: String {
        (heading + [""] + plan.phases.flatMap(phase) + [""] + notes).joined(separator: "\n") + "\n"
    }

    // MARK: - Heading

    private var heading: [String] {
        let name = "Plan for \(plan.environment.name): \(plan.direction)"
        let commit = plan.source.commit.map { "commit \($0.prefix(7)) (\(sourceState))" } ?? "no Git repository"
        return [
            style.strong(name.padded(to: 46)) + "  \(commit)  \(plan.id)",
            "live: \(plan.direction.old) (\(Wording.count(serverCount(plan.direction.old), "server")), "
                + "\(Wording.count(plan.world.services.count, "service")), "
                + "\(Wording.count(plan.environment.loadBalancers.count, "load balancer")))      idle: \(plan.direction.new) "
                + "(\(serverCount(plan.direction.new) == 0 ? "empty" : Wording.count(serverCount(plan.direction.new), "server")))",
        ]
    }

    private var sourceState: String {
        let state = plan.source.changed.isEmpty ? "clean" : "\(plan.source.changed.count) files changed"
        return state + (plan.source.isSigned ? ", signed" : "")
    }

    private func serverCount(_ color: Color) -> Int { plan.world.servers[color]?.count ?? 0 }

    // MARK: - Phases

    private func phase(_ phase: Phase) -> [String] {
        let steps = plan.steps(in: phase)
        var lines = [line(phase, summary(phase), plan.estimate(of: phase), undo(phase))]
        if phase == .replicate { lines += services }
        let own = steps.filter { Self.isOperators($0.action) }
        lines += own.map { detail("·", "\($0.title)" + ($0.undo == .none ? "   can't be undone" : "")) }
        return lines
    }

    private func line(_ phase: Phase, _ text: String, _ estimate: Period, _ undo: String) -> String {
        let mark =
            switch phase {
            case .standUp, .replicate: style.good("+")
            case .tearDown: style.bad("!")
            default: " "
            }
        let time = estimate > .zero ? Wording.estimate(estimate) : ""
        let body = text.cut(to: width - 30).padded(to: 58)
        let tail = (time.padded(to: 9) + undo).reversedTrim
        return "\(phase.rawValue.padded(to: 13)) \(mark) \(body) \(tail)".reversedTrim
    }

    private func summary(_ phase: Phase) -> String {
        switch phase {
        case .preflight: "checks of load balancers, platform, services"
        case .standUp: standUp
        case .configure: configure
        case .platformGate: "the platform of \(plan.direction.new) answers and leads"
        case .replicate: "\(Wording.count(plan.services.count, "service")) in \(Wording.count(layers, "layer"))"
        case .serviceGate:
            "\(plan.services.count) healthy for \(plan.environment.gates.service.healthyFor), "
                + Wording.count(plan.environment.gates.service.probes.count, "probe")
        case .cutOver:
            plan.environment.gates.cutOver.steps.map(\.weight.description).joined(separator: " → ") + " on "
                + plan.environment.loadBalancers.map(\.name.text).joined(separator: ", ")
        case .drain:
            "until quiet \(plan.environment.drain.quiet), at most \(plan.environment.drain.deadline), "
                + "then \(plan.environment.drain.atDeadline.rawValue)"
        case .soak: "\(plan.environment.soak), \(plan.direction.old) untouched"
        case .tearDown:
            "\(Wording.count(serverCount(plan.direction.old), "server")) of \(plan.direction.old) destroyed, "
                + "\(Wording.count(plan.services.count, "service")) stopped"
        }
    }

    private var standUp: String {
        let changes = plan.provisioning
        if changes.isEmpty { return "the servers of \(plan.direction.new) stand already" }
        let parts = [
            changes.add.isEmpty ? nil : "\(changes.add.count) to add",
            changes.change.isEmpty ? nil : "\(changes.change.count) to change",
            changes.replace.isEmpty ? nil : "\(changes.replace.count) to replace",
            changes.inDoubt.isEmpty ? nil : "\(changes.inDoubt.count) in doubt, built anew",
            changes.remove.isEmpty ? nil : "\(changes.remove.count) to remove",
        ].compactMap { $0 }
        return "servers of \(plan.direction.new): " + parts.joined(separator: ", ")
            + (plan.steps.contains { $0.action == .buildDisks } ? "; data disks stay" : "")
    }

    private var configure: String {
        guard let configure = plan.environment.configure else { return "nothing to configure" }
        return configure.playbook + (configure.idempotenceCheck ? ", second run must change nothing" : "")
    }

    private var layers: Int { plan.services.map(\.layer).max() ?? 0 }

    private func undo(_ phase: Phase) -> String {
        let approvals = plan.steps(in: phase).compactMap { step -> Int? in
            if case .approval(let count, _) = step.action { return count }
            return nil
        }.reduce(0, +)
        let asked = approvals > 0 ? "needs " + Wording.count(approvals, "approval") : ""
        let text =
            switch phase {
            case .standUp: "undo: destroy"
            case .replicate: "undo: stop them"
            case .cutOver: "undo: one flip"
            case .tearDown: style.bad("POINT OF NO RETURN")
            default: ""
            }
        return [text, asked].filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private var services: [String] {
        var lines: [String] = []
        for service in plan.services {
            for change in service.changes {
                let before = change.from.map { "\($0) → " } ?? ""
                lines.append(
                    detail(
                        style.careful("~"),
                        "\(service.id.text.padded(to: 18)) \(change.path)  \(before)\(change.to ?? "removed")"))
            }
        }
        return lines + plan.ignored.map { detail("–", "\($0) ignored by rule") }
    }

    private func detail(_ mark: String, _ text: String) -> String {
        String(repeating: " ", count: 16) + mark + " " + text.cut(to: max(20, width - 18))
    }

    private static func isOperators(_ action: Action) -> Bool {
        switch action {
        case .exec, .http, .wait: true
        default: false
        }
    }

    // MARK: - Notes

    private var notes: [String] {
        var lines: [String] = []
        for text in plan.obstacles { lines.append(style.bad("blocking: ") + text) }
        for text in plan.warnings { lines.append(style.careful("warning: ") + text) }
        lines.append("Estimated \(Wording.estimate(plan.estimate).dropFirst()).")
        if plan.obstacles.isEmpty {
            lines.append("Save with -o FILE and run exactly this: rz update --plan FILE")
        } else {
            lines.append("This plan can't be run until what blocks it is mended.")
        }
        return lines
    }
}

extension String {
    /// Without spaces at its end.
    fileprivate var reversedTrim: String {
        var text = Substring(self)
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }
}
