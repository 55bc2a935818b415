import JSON
import Migration

/// What `rz converge --check` found, area by area.
public struct DriftView: Sendable {
    /// An area and what came of the look at it.
    public struct Entry: Sendable {
        public var area: Drift.Area
        public var look: Result<DriftLook, Failure>

        public init(_ area: Drift.Area, _ look: Result<DriftLook, Failure>) {
            self.area = area
            self.look = look
        }

        /// Whether the area, or a part of it, could not be compared.
        public var isIncomplete: Bool { hasFailed || !unchecked.isEmpty }
        public var isClean: Bool { !isIncomplete && drifts.isEmpty }

        var hasFailed: Bool { if case .failure = look { true } else { false } }
        var notes: [String] { (try? look.get())?.notes ?? [] }
        var drifts: [Drift] { (try? look.get())?.drifts ?? [] }
        var unchecked: [String] { (try? look.get())?.unchecked ?? [] }
    }

    private let environment: String
    private let live: Color
    private let entries: [Entry]
    private let style: Style
    private let width: Int

    public init(environment: String, live: Color, _ entries: [Entry], style: Style = .plain, width: Int = 100) {
        self.environment = environment
        self.live = live
        self.entries = entries
        self.style = style
        self.width = width
    }

    /// Lines of a diff that people are shown of one drift; `--json` has all.
    private static let longest = 20

    public var text: String {
        ([style.strong("Drift of \(environment), live: \(live)"), ""] + entries.flatMap(lines) + ["", summary])
            .joined(separator: "\n") + "\n"
    }

    private func lines(_ entry: Entry) -> [String] {
        let name = entry.area.name.padded(to: 15)
        let rest =
            entry.unchecked.flatMap { indented(style.careful("?") + " not compared: \($0)".visible) }
            + entry.notes.flatMap { indented("· \($0)".visible) }
        if case .failure(let failure) = entry.look {
            return ["\(name) \(style.bad("could not be read")): \(failure.summary.visible)"]
                + failure.details.flatMap { indented($0.visible) }
                + (failure.advice.map { indented($0.visible) } ?? [])
        }
        if entry.drifts.isEmpty {
            return ["\(name) \(rest.isEmpty ? style.good("as it should be") : "no drift found")"] + rest
        }
        return ["\(name) \(style.careful(Wording.count(entry.drifts.count, "drift")))"]
            + entry.drifts.flatMap { drift in
                indented("\(style.careful("!")) \(drift.subject.visible)  \(drift.text.visible)") + diff(drift)
            } + rest
    }

    private func diff(_ drift: Drift) -> [String] {
        let shown = drift.diff.prefix(Self.longest).flatMap(lines).map { line in
            let text = line.cut(to: max(20, width - 6))
            return "      " + (line.hasPrefix("-") ? style.bad(text) : line.hasPrefix("+") ? style.good(text) : text)
        }
        let more = drift.diff.count - Self.longest
        return shown + (more > 0 ? ["      … \(more) more lines, all with --json"] : [])
    }

    /// Of a change that does not fit, both sides: the new one is what people look for.
    private func lines(_ change: String) -> [String] {
        let text = change.visible
        guard text.count > width - 6, let arrow = text.firstRange(of: " → ") else { return [text] }
        return [String(text[..<arrow.lowerBound]), "  → " + text[arrow.upperBound...]]
    }

    private func indented(_ text: String) -> [String] { ["    " + text] }

    private var summary: String {
        let count = entries.reduce(0) { $0 + $1.drifts.count }
        let sentence = count == 0 ? "No drift found." : "\(Wording.count(count, "drift")). Nothing was changed."
        let incomplete = entries.filter(\.isIncomplete).map(\.area.name)
        return sentence
            + (incomplete.isEmpty ? "" : " Not everything was compared: \(incomplete.joined(separator: ", ")).")
    }

    // MARK: - For machines

    /// A line for each drift and each area that could not be read, then one with the totals.
    public var json: String {
        var lines: [JSONObject] = []
        for entry in entries {
            lines += entry.drifts.map { drift in
                line(
                    "drift", entry.area,
                    [
                        ("subject", .string(drift.subject)), ("text", .string(drift.text)),
                        ("diff", .array(drift.diff.map { .string($0) })),
                    ])
            }
            lines += entry.unchecked.map { line("unchecked", entry.area, [("text", .string($0))]) }
            lines += entry.notes.map { line("note", entry.area, [("text", .string($0))]) }
            if case .failure(let failure) = entry.look {
                lines.append(
                    line(
                        "failed", entry.area,
                        [
                            ("text", .string(failure.summary)),
                            ("details", .array(failure.details.map { .string($0) })),
                        ]))
            }
        }
        let totals = JSONObject([
            ("formatVersion", .number(JSONNumber(FormatVersion.answers))), ("type", .string("summary")),
            ("environment", .string(environment)), ("live", .string(live.rawValue)),
            ("drifts", .number(JSONNumber(entries.reduce(0) { $0 + $1.drifts.count }))),
            ("failed", .number(JSONNumber(entries.count(where: \.hasFailed)))),
        ])
        return (lines + [totals]).map { JSON.object($0).compact + "\n" }.joined()
    }

    private func line(_ type: String, _ area: Drift.Area, _ fields: [(String, JSON)]) -> JSONObject {
        JSONObject(
            [
                ("formatVersion", .number(JSONNumber(FormatVersion.answers))), ("type", .string(type)),
                ("area", .string(area.rawValue)),
            ] + fields)
    }
}

extension Drift.Area {
    /// For people.
    var name: String { self == .loadBalancers ? "load balancers" : rawValue }
}
