import Migration

/// The services of an environment as `rz services` shows them: one by one, with what each override did.
public struct ServicesView: Codable, Sendable {
    public struct Entry: Codable, Sendable {
        public var service: ServiceID
        /// For people: `app of Marathon`; nil for one that stays, which was not inspected.
        public var kind: String?
        public var instances: Int?
        public var mode: ServiceMode?
        /// Why it has its mode, or why it stays.
        public var reason: String?
        public var stays: Bool
        public var changes: [FieldChange]
        public var findings: [Finding]
        /// What its definition says that a policy forbids.
        public var breaches: [PolicyBreach]

        /// - Parameter service: as the other color should have it.
        public init(_ service: Service, findings: [Finding], breaches: [PolicyBreach] = []) {
            self.service = service.id
            kind = service.kind
            instances = service.instances
            mode = service.mode
            reason = service.modeReason
            stays = false
            changes = service.changes
            self.findings = findings
            self.breaches = breaches
        }

        public init(_ ignored: IgnoredService) {
            service = ignored.id
            reason = ignored.reason
            stays = true
            changes = []
            findings = []
            breaches = []
        }
    }

    /// How the services of one color, their overrides applied, compare with those of the other.
    public struct Parity: Codable, Sendable {
        public var direction: Direction
        public var compared: Int
        public var delta: ServiceDelta

        public init(direction: Direction, compared: Int, delta: ServiceDelta) {
            self.direction = direction
            self.compared = compared
            self.delta = delta
        }
    }

    /// Version of its form with `--json`.
    public private(set) var formatVersion = FormatVersion.answers
    public var environment: String
    /// The color that the services were read from.
    public var color: Color
    public var services: [Entry]
    public var parity: Parity?

    public init(environment: String, color: Color, services: [Entry], parity: Parity? = nil) {
        self.environment = environment
        self.color = color
        self.services = services.sorted { $0.service < $1.service }
        self.parity = parity
    }

    // MARK: - For people

    public func text(style: Style = .plain, width: Int = 100) -> String { shown.rendered(style, width) }

    private func rendered(_ style: Style, _ width: Int) -> String {
        let moving = services.filter { !$0.stays }
        let heading =
            "Services of \(environment) on \(color): \(moving.count) move, \(services.count - moving.count) stay"
        let listed = services.flatMap { lines(of: $0, style, width) }
        let compared = parity.map { [""] + lines(of: $0, style, width) } ?? []
        return ([style.strong(heading), ""] + listed + compared).joined(separator: "\n") + "\n"
    }

    private func lines(of entry: Entry, _ style: Style, _ width: Int) -> [String] {
        let name = entry.service.text.padded(to: min(40, services.map(\.service.text.count).max() ?? 0))
        guard !entry.stays else { return wrapped("\(name)  ", "stays: \(entry.reason ?? "")", width) }
        let count = "× \(entry.instances ?? 0)".padded(to: 6)
        let mode = entry.reason ?? entry.mode.map { "\($0)" } ?? ""
        let first = wrapped("\(name)  \(count)", "\((entry.kind ?? "").padded(to: 16))  \(mode)", width)
        return first + entry.changes.flatMap { wrapped("    \(style.careful("~")) ", Wording.change($0), width) }
            + entry.findings.flatMap { wrapped("    \(mark($0, style)) ", text($0), width) }
            + entry.breaches.flatMap { breach in
                wrapped("    \(breach.isBlocking ? style.bad("!") : style.careful("?")) ", breach.remark, width)
            }
    }

    private func text(_ finding: Finding) -> String {
        let word = FindingWord(finding.judgement).rawValue
        let reason = if case .accepted(let reason) = finding.judgement { " (\(reason))" } else { "" }
        return "\(word)\(reason): \(finding.kind) at \(finding.path): \(finding.text)"
    }

    private func mark(_ finding: Finding, _ style: Style) -> String {
        switch finding.judgement {
        case .blocking: style.bad("!")
        case .deferred: style.careful("?")
        case .harmless, .mapped, .accepted: "·"
        }
    }

    private func lines(of parity: Parity, _ style: Style, _ width: Int) -> [String] {
        let same = parity.compared - parity.delta.entries.count
        let heading =
            parity.delta.isEmpty
            ? style.good("\(parity.direction): all \(parity.compared) are the same")
            : style.strong("\(parity.direction): \(same) are the same, \(parity.delta.entries.count) differ")
        return [heading] + parity.delta.entries.flatMap { lines(of: $0, parity.direction, style, width) }
    }

    private func lines(
        of entry: ServiceDelta.Entry, _ direction: Direction, _ style: Style, _ width: Int
    ) -> [String] {
        entry.changes.flatMap { change -> [String] in
            switch change {
            case .added: ["\(entry.service)  only on \(direction.new)"]
            case .removed: ["\(entry.service)  missing on \(direction.new)"]
            case .scaled(let before, let after): ["\(entry.service)  \(before) → \(after) instances"]
            case .redefined(let fields):
                fields.isEmpty
                    ? ["\(entry.service)  another definition"]
                    : ["\(entry.service)"]
                        + fields.flatMap { wrapped("    \(style.careful("~")) ", Wording.change($0), width) }
            }
        }
    }

    private func wrapped(_ head: String, _ text: String, _ width: Int) -> [String] {
        let lines = text.wrapped(to: max(20, width - head.visibleCount))
        return ["\(head)\(lines.first ?? "")".trimmedAtEnd] + lines.dropFirst().map { "        \($0)" }
    }
}
