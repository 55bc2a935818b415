import Migration

/// A plan as people read it before they say yes.
public struct PlanView: Sendable {
    private let plan: Plan
    private let style: Style
    private let width: Int
    private let file: String?

    /// - Parameter file: where the plan was saved.
    public init(_ plan: Plan, style: Style = .plain, width: Int = 100, savedAs file: String? = nil) {
        self.file = file
        self.plan = plan.shown
        self.style = style
        self.width = width
    }

    public var text: String {
        (heading + [""] + plan.phases.map(\.id).flatMap(phase) + [""] + notes).joined(separator: "\n") + "\n"
    }

    // MARK: - Heading

    private var heading: [String] {
        let name = "Plan for \(plan.environment.name): \(plan.direction)"
        let commit = plan.source.commit.map { "commit \($0.prefix(7)) (\(sourceState))" } ?? "no Git repository"
        return [
            style.strong(name.padded(to: 46)) + "  \(commit)  \(Plan.short(plan.id))",
            "live: \(plan.direction.old) (\(Wording.count(serverCount(plan.direction.old), "server")), "
                + "\(Wording.count(plan.world.services.count, "service")), "
                + "\(Wording.count(plan.environment.loadBalancers.count, "load balancer")))      idle: \(plan.direction.new) "
                + "(\(serverCount(plan.direction.new) == 0 ? "empty" : Wording.count(serverCount(plan.direction.new), "server")))",
        ]
    }

    private var sourceState: String {
        let state =
            plan.source.changed.isEmpty ? "clean" : Wording.count(plan.source.changed.count, "file") + " changed"
        return state + (plan.source.isSigned ? ", signed" : "")
    }

    private func serverCount(_ color: Color) -> Int { plan.world.servers[color]?.count ?? 0 }

    // MARK: - Phases

    private func phase(_ phase: PhaseID) -> [String] {
        let steps = plan.steps(in: phase)
        var lines = lines(phase, summary(phase), plan.estimate(of: phase), undo(phase))
        lines += approvals(steps)
        if phase == .replicate { lines += services }
        if phase == .serviceGate { lines += waived }
        if phase == .tearDown { lines += destruction }
        let own = steps.filter { Self.isOperators($0.action) }
        return lines + own.flatMap { detail("·", "\($0.title)" + ($0.undo == .none ? "   can't be undone" : "")) }
    }

    /// The summary of a phase, with more lines where one is not enough for it.
    private func lines(_ phase: PhaseID, _ text: String, _ estimate: Period, _ undo: String) -> [String] {
        let mark =
            switch phase {
            case .standUp, .replicate: style.good("+")
            case .tearDown: style.bad("!")
            default: " "
            }
        let space = max(30, width - 46)
        let body = text.wrapped(to: space)
        let time = estimate > .zero ? Wording.estimate(estimate) : ""
        let first =
            "\(phase.rawValue.padded(to: 13)) \(mark) \((body.first ?? "").padded(to: space)) "
            + time.padded(to: 9) + undo
        return [first.trimmedAtEnd] + body.dropFirst().map { indent + $0 }
    }

    private func approvals(_ steps: [Step]) -> [String] {
        steps.flatMap { step -> [String] in
            guard case .approval(let count, let reason) = step.action else { return [] }
            return detail(style.careful("?"), "needs \(Wording.count(count, "approval")) \(reason)")
        }
    }

    private let indent = String(repeating: " ", count: 16)

    private func summary(_ phase: PhaseID) -> String {
        switch phase {
        case .preflight: "checks of load balancers, platform, services"
        case .standUp: standUp
        case .configure: configure
        case .platformGate:
            "the platform of \(plan.direction.new) answers and leads"
                + (plan.environment.gates.platform.map { ", " + Wording.count($0.probes.count, "probe") } ?? "")
        case .replicate: "\(Wording.count(plan.services.count, "service")) in \(Wording.count(layers, "layer"))"
        case .serviceGate:
            "\(plan.services.count) healthy for \(Wording.length(plan.environment.gates.service.healthyFor)), "
                + Wording.count(plan.environment.gates.service.probes.count, "probe")
        case .cutOver:
            plan.environment.gates.cutOver.steps.map(\.weight.description).joined(separator: " → ") + " on "
                + plan.environment.loadBalancers.map(\.name.text).joined(separator: ", ")
        case .drain:
            "until quiet for \(Wording.length(plan.environment.drain.quiet)), "
                + "at most \(Wording.length(plan.environment.drain.deadline)), "
                + "then \(plan.environment.drain.atDeadline.rawValue)"
        case .soak: "\(Wording.length(plan.environment.soak)), \(plan.direction.old) untouched"
        case .tearDown:
            "\(Wording.count(serverCount(plan.direction.old), "server")) of \(plan.direction.old) destroyed, "
                + "\(Wording.count(plan.services.count, "service")) stopped"
        default: ""
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
            + (changes.provisioner.map { " by \($0)" } ?? "")
            + (plan.steps.contains { $0.action == .buildDisks } ? "; data disks stay" : "")
    }

    /// What can't come back, by name.
    private var destruction: [String] {
        let all = plan.destruction ?? []
        let shown = all.prefix(20).flatMap { detail(style.bad("-"), $0) }
        return shown + (all.count > 20 ? detail(style.bad("-"), "and \(all.count - 20) more") : [])
    }

    private var configure: String {
        guard let configure = plan.environment.configure else { return "nothing to configure" }
        guard configure.idempotenceCheck else { return configure.playbook }
        let exceptions = configure.exceptions?.count ?? 0
        let declared = exceptions == 0 ? "" : " but \(exceptions) declared exception\(exceptions == 1 ? "" : "s")"
        return configure.playbook + ", second run must change nothing" + declared
    }

    private var layers: Int { plan.services.map(\.layer).max() ?? 0 }

    private func undo(_ phase: PhaseID) -> String {
        switch phase {
        case .standUp: plan.provisioning.isEmpty ? "" : "undo: destroy"
        case .replicate: "undo: stop them"
        case .cutOver: "undo: one flip"
        case .tearDown: style.bad("POINT OF NO RETURN")
        default: ""
        }
    }

    private var services: [String] {
        let changes = plan.services.flatMap { service in
            service.changes.flatMap { detail(style.careful("~"), "\(service.id)  \($0.path)", Wording.values($0)) }
        }
        return changes + handOvers + findings + plan.ignored.flatMap { detail("–", "\($0.id) stays: \($0.reason)") }
            + (plan.environment.services.declared ?? []).flatMap {
                detail("→", "\($0.title), not by rz: \($0.method)")
            }
    }

    /// What probes let pass, each with the reason.
    private var waived: [String] {
        let probes = (plan.environment.gates.platform?.probes ?? []) + plan.environment.gates.service.probes
        let reasons = probes.flatMap { probe -> [String] in
            switch probe.kind {
            case .redis(let redis):
                redis.withoutPersistence.map { ["Redis \(redis.address) may lose its data: \($0)"] } ?? []
            case .mesosDNS(let dns): dns.anyAddress.map { ["\(dns.name) may lead to any address: \($0)"] } ?? []
            case .traefik(let traefik): traefik.ignore.map { "the router \($0.router) may be missing: \($0.reason)" }
            default: []
            }
        }
        return reasons.flatMap { detail("·", $0) }
    }

    /// What never runs in both colors. An hour's jobs may be hundreds and are told as a number; who is down is told
    /// one by one.
    private var handOvers: [String] {
        let jobs = plan.services.filter { $0.mode == .scheduled }.map(\.id.text)
        let named = jobs.count > 5 ? ["\(jobs.count) jobs, for example \(jobs[0])"] : jobs
        return named.flatMap { detail("⧗", $0, "scheduled: copied disabled, armed at cutOver") }
            + plan.services.filter { $0.mode == .exclusive }.flatMap { service in
                let step = plan.steps.first { $0.action == .handOver(service.id) }
                let time = step.map { Wording.estimate($0.estimate) + " " } ?? ""
                return detail("⚑", service.id.text, "exclusive: \(time)down at cutOver")
            }
    }

    /// What is bound to the environment and does not stop the plan, by kind; what stops it is told below, and what is
    /// harmless by `rz services`.
    private var findings: [String] {
        Finding.Kind.allCases.flatMap { kind -> [String] in
            FindingWord.allCases.filter { ![.harmless, .blocking].contains($0) }.flatMap { word -> [String] in
                let services = plan.services.filter { service in
                    service.findings.contains { $0.kind == kind && FindingWord($0.judgement) == word }
                }
                guard let first = services.first else { return [] }
                let example = first.findings.first { $0.kind == kind && FindingWord($0.judgement) == word }
                return detail(
                    word == .deferred ? style.careful("?") : "·",
                    "\(word.rawValue): \(kind.meaning), \(Wording.count(services.count, "service"))",
                    example.map { "for example \(first.id) \($0.path): \($0.text)" } ?? "")
            }
        }
    }

    /// One line, or two where one is not enough.
    private func detail(_ mark: String, _ text: String, _ more: String = "") -> [String] {
        let space = max(20, width - 18)
        let whole = more.isEmpty ? text : "\(text)  \(more)"
        if whole.count <= space { return ["\(indent)\(mark) \(whole)"] }
        let rest = more.isEmpty ? [] : more.wrapped(to: space - 2).map { "\(indent)    \($0)" }
        return ["\(indent)\(mark) \(text.cut(to: space))"] + rest
    }

    private static func isOperators(_ action: Action) -> Bool {
        switch action {
        case .exec, .http, .wait: true
        default: false
        }
    }

    // MARK: - Notes

    private func note(_ mark: String, _ text: String) -> [String] {
        let lines = text.wrapped(to: max(20, width - 10))
        return ["\(mark) \(lines.first ?? "")"] + lines.dropFirst().map { String(repeating: " ", count: 10) + $0 }
    }

    private var notes: [String] {
        var lines: [String] = []
        for text in plan.obstacles { lines += note(style.bad("blocking:"), text) }
        for text in plan.warnings { lines += note(style.careful("warning:"), text) }
        if let capacity = plan.capacity { lines += note("capacity:", capacity) }
        lines.append("Estimated \(Wording.estimate(plan.estimate).dropFirst()).")
        if let file {
            lines.append("Saved in \(file). Run exactly this: rz update --plan \(file)")
        } else if plan.obstacles.isEmpty {
            lines.append("Save with -o FILE and run exactly this: rz update --plan FILE")
        } else {
            lines.append("This plan can't be run until what blocks it is mended.")
        }
        return lines
    }
}
