import Migration

/// The sums of what is asked for, against the sums of what is free.
enum CapacityTotals {
    /// For each set of roles that requests may take resources of: everything that may take nothing else, against what
    /// these roles have.
    static func shortfalls(_ requests: [ResourceRequest], _ agents: [MesosAgent]) -> [String] {
        var sets = Set(requests.map(\.roles))
        sets.insert(requests.reduce(into: []) { $0.formUnion($1.roles) })
        return sets.sorted { $0.sorted().lexicographicallyPrecedes($1.sorted()) }.flatMap { roles in
            shortfalls(requests.filter { $0.roles.isSubset(of: roles) }, agents, roles)
        }.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private static func shortfalls(
        _ requests: [ResourceRequest], _ agents: [MesosAgent], _ roles: Set<String>
    ) -> [String] {
        let free = agents.map { agent in
            roles.compactMap { agent.pools[$0]?.free }.reduce(MesosResources()) { $0 + $1 }
        }
        let suffix =
            roles == ["*"]
            ? "" : " for \(roles.count == 1 ? "role" : "roles") \(roles.sorted().joined(separator: ", "))"
        let place = "free on \(count(agents.count, "agent"))\(suffix)"
        var lines: [String] = []
        for kind in Scalar.allCases {
            let needed = requests.reduce(0) { $0 + kind.amount($1) * Double($1.instances) }
            let available = free.reduce(0) { $0 + max(0, $1[keyPath: kind.path]) }
            guard needed > available + AgentRoom.grain else { continue }
            lines.append(
                "\(kind.rawValue): \(text(needed - available))\(kind.unit) short: needs \(text(needed)), "
                    + "\(text(available)) \(place)")
        }
        let needed = requests.reduce(0) { $0 + $1.ports.count * $1.instances }
        let available = free.reduce(0) { $0 + $1.ports.count }
        if needed > available {
            lines.append(
                "ports: \(text(Double(needed - available))) short: needs \(text(Double(needed))), "
                    + "\(text(Double(available))) \(place)")
        }
        return lines
    }

    /// With at most three decimals, as Mesos counts, and thousands set apart: `12,288`, `0.25`.
    static func text(_ amount: Double) -> String {
        let thousandths = Int(clamping: amount * 1000)
        var digits = String(thousandths / 1000)
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits = String(digits.dropLast(3))
        }
        let whole = ([Substring(digits)] + groups).joined(separator: ",")
        guard thousandths % 1000 != 0 else { return whole }
        var decimals = String(thousandths % 1000 + 1000).dropFirst()
        while decimals.last == "0" { decimals = decimals.dropLast() }
        return "\(whole).\(decimals)"
    }
}
