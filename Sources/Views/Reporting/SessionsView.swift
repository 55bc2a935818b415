import JSON
import Migration

/// Who talks to a color, every session that is known, the oldest first.
public struct SessionsView: Sendable {
    private let plan: Plan
    private let state: RunState
    private let open: OpenSessions
    private let color: Color

    public init(_ plan: Plan, _ state: RunState, _ open: OpenSessions, of color: Color) {
        (self.plan, self.state, self.open, self.color) = (plan, state, open, color)
    }

    // MARK: - People

    public func text(style: Style = .plain) -> String {
        let title = "\(plan.environment.name) \(state.run)   \(color) has \(open.counted)"
        var lines = [style.strong(title)]
        if !open.listed.isEmpty { lines += [""] + table(style) }
        if open.more > 0 { lines.append("… and \(open.more) more: at most \(OpenSessions.limit) are listed") }
        lines += open.unknown.map { style.careful("? ") + $0.visible }
        return lines.joined(separator: "\n") + "\n"
    }

    private func table(_ style: Style) -> [String] {
        let heading = ["age", "load balancer", "server", "frontend", "client", "in", "out", ""]
        let rows = open.listed.map { session in
            [
                session.age?.description ?? "?", session.loadBalancer.text, "\(session.backend)/\(session.server)",
                session.frontend, session.client, session.bytesIn.map(Wording.bytes) ?? "?",
                session.bytesOut.map(Wording.bytes) ?? "?", session.oldProcess.map { "old process \($0)" } ?? "",
            ].map(\.visible)
        }
        let widths = heading.indices.map { column in
            (rows.map { $0[column].count } + [heading[column].count]).max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            zip(cells, widths).map { $0.padded(to: $1) }.joined(separator: "  ").trimmedAtEnd
        }
        return [style.faint(line(heading))] + rows.map(line)
    }

    // MARK: - Machines

    /// - Parameter head: what every answer begins with.
    public func json(head: JSONObject) -> JSON {
        var object = head
        object["environment"] = .string(plan.environment.name)
        object["run"] = .string(state.run.text)
        object["color"] = .string(color.rawValue)
        for (key, value) in SessionsView.json(open).object ?? JSONObject([]) { object[key] = value }
        return .object(object)
    }

    public static func json(_ open: OpenSessions) -> JSON {
        func number(_ value: Int?) -> JSON { value.map { .number(JSONNumber($0)) } ?? .null }
        let sessions = open.listed.map { session -> JSON in
            [
                "loadBalancer": .string(session.loadBalancer.text), "backend": .string(session.backend),
                "server": .string(session.server), "frontend": .string(session.frontend),
                "client": .string(session.client), "age": session.age.map { .string($0.description) } ?? .null,
                "bytesIn": number(session.bytesIn), "bytesOut": number(session.bytesOut),
                "oldProcess": number(session.oldProcess),
            ]
        }
        return [
            "count": .number(JSONNumber(open.count)), "more": .number(JSONNumber(open.more)),
            "unknown": .array(open.unknown.map { .string($0) }), "sessions": .array(sessions),
        ]
    }
}
