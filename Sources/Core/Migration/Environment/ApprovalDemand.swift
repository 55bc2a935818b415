/// Whose yes counts before something happens, and how many must say it.
public struct ApprovalDemand: Codable, Sendable, Hashable {
    public var people: Int
    /// Not counting the one who started the run.
    public var othersOnly: Bool
    /// Roles of which everyone who says yes must have one; none for anyone.
    public var roles: [String]
    /// Whether only a signature counts, by a key that the environment's signers list.
    public var isSigned: Bool

    public init(_ people: Int, othersOnly: Bool = false, roles: [String] = [], isSigned: Bool = false) {
        self.people = people
        self.othersOnly = othersOnly
        self.roles = roles
        self.isSigned = isSigned
    }

    /// For people: `2 approvals of leads, signed`.
    package var words: String { Wording.count(people, "approval") + terms }

    /// What makes a yes count, beside that there must be enough of them: ` of leads by others than who started the run`.
    package var terms: String {
        (roles.isEmpty ? "" : " of \(Wording.either(roles))")
            + (othersOnly ? " by others than who started the run" : "") + (isSigned ? ", signed" : "")
    }
}

extension ApprovalDemand {
    /// Its terms as they stand in an environment file, beside the count: `from: [leads], signed: true`; nil for none.
    var writtenTerms: String? {
        let parts = [
            roles.isEmpty ? nil : "from: [\(roles.joined(separator: ", "))]", isSigned ? "signed: true" : nil,
            othersOnly ? "starterCounts: false" : nil,
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

/// How many people must say yes, or why no one has to.
public enum ApprovalRule: Sendable, Hashable {
    /// - Parameter within: after how long the run halts if too few have said yes.
    case needed(ApprovalDemand, within: Period = ApprovalRule.standardLimit)
    case waived(reason: String)

    public static let standardLimit = Period.hours(72)

    public static func count(_ people: Int) -> ApprovalRule { .needed(ApprovalDemand(people)) }

    public var demand: ApprovalDemand? { if case .needed(let demand, _) = self { demand } else { nil } }

    /// How many people must say yes.
    public var people: Int { demand?.people ?? 0 }
}

/// Who may approve, and how they prove who they are.
public struct Approvers: Codable, Sendable, Hashable {
    /// By role: users such as `ada`, users of one host such as `ada@ctl-1`, and names that `signers` gives to keys.
    public var roles: [String: [String]]
    /// The file of the keys that count, in the environment's folder of the pinned commit: ssh-keygen(1), "ALLOWED
    /// SIGNERS".
    public var signers: String?
    /// Whether every approval of a run must be signed, whatever else it asks for.
    public var mustSign: Bool

    public init(roles: [String: [String]] = [:], signers: String? = nil, mustSign: Bool = false) {
        self.roles = roles
        self.signers = signers
        self.mustSign = mustSign
    }
}

extension Environment {
    /// One sentence for each thing that keeps a demand from ever being met.
    public func problems(of demand: ApprovalDemand) -> [String] {
        let roles = approvers?.roles ?? [:]
        var problems = demand.roles.filter { roles[$0] == nil }.map { "no role \($0) is under `approvers.roles`" }
        let people = Set(demand.roles.flatMap { roles[$0] ?? [] })
        if problems.isEmpty, !demand.roles.isEmpty, people.count < demand.people {
            problems.append(
                "\(demand.people) people must say yes, and only \(people.count) have a role that counts: "
                    + people.sorted().joined(separator: ", "))
        }
        if demand.isSigned, approvers?.signers == nil {
            problems.append("`approvers.signers` names no keys, so no signature can count")
        }
        return problems
    }
}
