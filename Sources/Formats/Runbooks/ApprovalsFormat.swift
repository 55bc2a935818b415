import Migration
import Operations

/// Who must say yes: `approvals` and `approvers` of an environment, and the same words wherever people are asked.
enum ApprovalsFormat {
    /// By phase.
    static let shape = Shape.object(
        Operation.rzUpdate.phases.map(\.id).map { phase in
            .optional(
                phase.rawValue, .either([.integer(0...100), rule]),
                "before the phase begins: a number of people, or `waived` with the reason", default: "0",
                example: Operation.rzUpdate.phases.has(.afterNoReturn, in: phase)
                    ? "{ waived: a test environment }" : "1")
        })

    private static let rule = Shape.object(
        [
            .optional("waived", .text, "why no one has to", example: "a test environment"),
            .optional("count", .integer(1...100), "how many people", example: "2"),
            .optional(
                "within", .periodAboveZero, "then the run halts if too few have said yes",
                default: ApprovalRule.standardLimit, example: "8h"),
        ] + terms, rules: [.exactlyOne(["waived", "count"])])

    /// What makes a yes count, wherever people are asked.
    static let terms: [Field] = [
        .optional("from", .list(.text(.name), atLeast: 1), "roles of which everyone must have one", example: "[leads]"),
        .optional("signed", .flag, "whether only a signed yes counts", default: false, example: "true"),
        .optional(
            "starterCounts", .flag, "whether the person who started the run counts", default: true, example: "false"),
    ]

    static let approvers = Shape.object([
        .optional(
            "roles", .map(.list(.text, atLeast: 1)),
            "who has them: users (`ada`), users of one host (`ada@ctl-1`), and names of `signers`",
            example: "{ leads: [ada, grace] }"),
        .optional(
            "signers", .text(.innerPath),
            "the SSH keys that count, in the environment's folder: an ALLOWED SIGNERS file of ssh-keygen(1)",
            example: "approvers.keys"),
        .optional(
            "mustSign", .flag, "whether every approval of a run must be signed", default: Approvers().mustSign,
            example: "true"),
    ])

    // MARK: - Reading

    static func rule(_ value: Value) -> ApprovalRule {
        if let reason = value["waived"] { return .waived(reason: reason.text) }
        guard value["count"] != nil else { return .count(value.integer) }
        return .needed(demand(value), within: value["within"]?.period ?? ApprovalRule.standardLimit)
    }

    static func demand(_ value: Value) -> ApprovalDemand {
        ApprovalDemand(
            value["count"]?.integer ?? 1, othersOnly: value["starterCounts"]?.flag == false,
            roles: value["from"]?.list.map(\.text) ?? [], isSigned: value["signed"]?.flag == true)
    }

    static func approvers(_ value: Value, _ reader: inout Reader) -> Approvers {
        var approvers = Approvers(signers: value["signers"]?.text, mustSign: value["mustSign"]?.flag == true)
        for role in value["roles"]?.members ?? [] { approvers.roles[role.key] = role.value.list.map(\.text) }
        if approvers.mustSign, approvers.signers == nil, let place = value["mustSign"] {
            reader.problem("without `signers` no signature can count", at: place)
        }
        return approvers
    }

    /// What no one could ever approve.
    static func check(_ value: Value, _ environment: Environment, _ reader: inout Reader) {
        for member in value["approvals"]?.members ?? [] where member.value["count"] != nil {
            check(demand(member.value), environment, member.value, &reader)
        }
        for step in value["gates", "cutOver", "steps"]?.list ?? [] {
            guard let pause = step["pause"] else { continue }
            check(demand(pause), environment, pause, &reader)
        }
    }

    private static func check(
        _ demand: ApprovalDemand, _ environment: Environment, _ value: Value, _ reader: inout Reader
    ) {
        for problem in environment.problems(of: demand) { reader.problem(problem, at: value["from"] ?? value) }
    }
}
