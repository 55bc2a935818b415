import Migration
import Operations
import Runbooks
import Testing

@Suite("approvals and approvers in environment.yaml")
struct ApproversKeysTests {
    private func environment(_ text: String) throws -> Environment {
        let rest = Sample.environment.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("approvals:") }.joined(separator: "\n")
        return try Project().environment(rest + "\n" + text + "\n")
    }

    private func problems(_ text: String) throws -> [String] {
        let error = #expect(throws: ConfigurationError.self) { _ = try environment(text) }
        return error?.problems.map(\.message) ?? []
    }

    private static let approvers =
        "approvers: { roles: { leads: [ ada, grace@ctl-1 ], dba: [ edsger ] }, signers: keys }"

    @Test("say how many must say yes, which roles count, whether they sign, and for how long they are waited for")
    func demands() throws {
        let environment = try environment(
            """
            approvals:
              cutOver: 1
              drain: { count: 1, starterCounts: false }
              tearDown: { count: 2, from: [ leads, dba ], signed: true, within: 8h }
            \(ApproversKeysTests.approvers)
            """)
        #expect(environment.approvals[.cutOver] == .count(1))
        #expect(environment.approvals[.drain] == .needed(ApprovalDemand(1, othersOnly: true)))
        #expect(
            environment.approvals[.tearDown]
                == .needed(ApprovalDemand(2, roles: ["leads", "dba"], isSigned: true), within: .hours(8)))
        #expect(
            environment.approvers
                == Approvers(roles: ["leads": ["ada", "grace@ctl-1"], "dba": ["edsger"]], signers: "keys"))
    }

    @Test("ask for nothing that no one can give")
    func impossible() throws {
        let tearDown = "\napprovals: { tearDown: "
        #expect(
            try problems(ApproversKeysTests.approvers + tearDown + "{ count: 3, from: [ leads ] } }")
                == ["3 people must say yes, and only 2 have a role that counts: ada, grace@ctl-1"])
        #expect(
            try problems(ApproversKeysTests.approvers + tearDown + "{ count: 1, from: [ chiefs ] } }")
                == ["no role chiefs is under `approvers.roles`"])
        #expect(
            try problems(tearDown + "{ count: 1, signed: true } }")
                == ["`approvers.signers` names no keys, so no signature can count"])
        #expect(
            try problems("approvers: { mustSign: true }\napprovals: { tearDown: 1 }")
                == ["without `signers` no signature can count"])
    }
}
