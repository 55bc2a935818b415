/// How HAProxy's replies are distinguished.
enum RuntimeReply {
    /// The answers to commands that only show something. Each ends with an empty line, and is nothing else where there is
    /// nothing to show; the last one may hold empty lines itself. Nil when fewer came, or when the last one is cut off.
    static func sections(of reply: [UInt8], count: Int) -> [String]? {
        var sections: [String] = []
        var start = 0
        var index = 0
        while sections.count < count - 1 {
            if index < reply.count, reply[index] == 10 {
                sections.append("")
                index += 1
                start = index
                continue
            }
            while index + 1 < reply.count, !(reply[index] == 10 && reply[index + 1] == 10) { index += 1 }
            guard index + 1 < reply.count else { return nil }
            sections.append(String(decoding: reply[start...index], as: UTF8.self))
            index += 2
            start = index
        }
        guard reply.count >= start + 2, reply.suffix(2).elementsEqual([10, 10]) else { return nil }
        return sections + [String(decoding: reply[start..<(reply.count - 1)], as: UTF8.self)]
    }

    /// The replies to changes, in their order: empty for success, else HAProxy's words.
    ///
    /// Success is exactly one empty line. An error is a line `[3]: text`, mostly with an empty line behind it:
    /// HAProxy 2.6 forgets it after some. One without its newline was cut off and counts as none.
    static func toChanges(_ reply: [UInt8]) -> [String] {
        if reply.allSatisfy({ $0 == 10 }) { return Array(repeating: "", count: reply.count) }
        let lines = reply.split(separator: 10, omittingEmptySubsequences: false).dropLast().map {
            String(decoding: $0, as: UTF8.self)
        }
        var replies: [String] = []
        var isInError = false
        for line in lines {
            if line.isEmpty {
                if !isInError { replies.append("") }
                isInError = false
            } else if isInError, severityLength(line) == 0 {
                replies[replies.count - 1] += " " + line
            } else {
                replies.append(String(line.dropFirst(severityLength(line))))
                isInError = !unterminated.contains { line.hasSuffix($0) }
            }
        }
        return replies
    }

    /// What came on a connection on which HAProxy prompts, as it comes without; nil where it does not end with a prompt.
    /// Up to 3.0 a prompt stands behind each reply, in 3.2 behind the last of a line (measured).
    static func withoutPrompts(_ reply: [UInt8]) -> [UInt8]? {
        guard reply.count > 2, reply.suffix(3).elementsEqual([10, 62, 32]) else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(reply.count)
        var index = 0
        while index < reply.count {
            if reply[index] == 62, index + 1 < reply.count, reply[index + 1] == 32, text.last == 10 {
                index += 2
            } else {
                text.append(reply[index])
                index += 1
            }
        }
        return text
    }

    /// Errors that have no empty line behind them on HAProxy 2.6.
    private static let unterminated = [
        "Trailing garbage in weight string", "Empty weight string empty or preceded by garbage",
    ]

    private static func severityLength(_ line: String) -> Int {
        let prefix = line.prefix(5)
        guard prefix.hasPrefix("["), prefix.hasSuffix("]: "), prefix.utf8.count == 5 else { return 0 }
        return 5
    }

    /// Whether a change is refused only for now.
    static func mayPass(_ reply: String) -> Bool { reply.hasPrefix("Server still has connections attached") }

    /// Whether a process refused a change because another one has its place since a reload.
    static func isFromOldProcess(_ reply: String) -> Bool { reply.hasPrefix("Proxy is disabled") }

    /// What to do about a refused change.
    static func advice(for reply: String) -> String? {
        if reply.hasPrefix("Permission denied") {
            return
                "Its socket is below level admin: write `level admin` behind this `stats socket`, and reload HAProxy."
        }
        if reply.hasPrefix("Backend is using a static LB algorithm") {
            return
                "Give it a dynamic algorithm (`balance roundrobin`, `leastconn`, `random`, or `hash-type consistent`), "
                + "and reload HAProxy."
        }
        if reply.hasPrefix("No such backend") || reply.hasPrefix("No such server") {
            return "Servers and backends have the same names on every load balancer: correct the one that differs."
        }
        if isFromOldProcess(reply) {
            return "This socket belongs to a process from before a reload: see which process listens on it."
        }
        return nil
    }
}
