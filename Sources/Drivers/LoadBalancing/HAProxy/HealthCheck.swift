import Migration

/// What the statistics report of a server's health check.
enum HealthCheck {
    /// Seconds for which a server with `fall 1` counts as unchecked: HAProxy shows no difference before its first check.
    static let unseen = 5

    /// Reads the columns `status` and `check_status`.
    ///
    /// HAProxy calls a server up as soon as it leaves maintenance, and shows until its first check how far it is from
    /// falling: `UP 1/3` with `fall 3`. After a check that passed it is `UP`. A server that tracks another one shows the
    /// other's status. Measured on 2.6.12 to 3.2.26.
    ///
    /// - Parameters:
    ///   - last: the last check's result, also of one before maintenance; nil without a check of its own.
    ///   - sinceChange: seconds since the server became what it is.
    static func read(status: String, last: String?, fallsAtOnce: Bool, sinceChange: Int) -> ServerState.Check {
        let words = status.split(separator: " ")
        switch words.first {
        case "no": return .none
        case "DOWN": return .failed
        case "UP", "DRAIN", "NOLB":
            if words.count > 1, let slash = words[1].firstIndex(of: "/") {
                return words[1][..<slash] == "1" ? .pending : .passed
            }
            guard let last else { return .passed }
            if fallsAtOnce, sinceChange < unseen { return .pending }
            return passed.contains(last.hasPrefix("* ") ? String(last.dropFirst(2)) : last) ? .passed : .pending
        default: return .pending
        }
    }

    private static let passed: Set = ["L4OK", "L6OK", "L7OK", "L7OKC", "PROCOK"]
}
