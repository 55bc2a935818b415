import Foundation
import Migration
import Testing

@testable import Provisioning

@Suite("A signature under an approval")
struct SSHSignaturesTests {
    private func statement(step: StepID = "tearDown/approval", note: String? = nil) -> ApprovalStatement {
        let plan = Plan(
            id: "p-1", environment: Environment(name: "shop"), direction: Direction(from: .blue),
            createdAt: Instant(milliseconds: 0), source: PinnedSource(commit: nil),
            world: World(live: .blue, servers: [:], services: [:], backends: [:], configuration: ""), steps: [])
        return ApprovalStatement(plan, "r-20261201-0001", step: step, note: note)
    }

    /// - Returns: the line of its public half, without a name before it.
    private func key(_ name: String, in folder: Folder) async throws -> String {
        let end = try await ChildProcess(
            Command(
                "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder[name]],
                environment: InheritedEnvironment().variables, folder: "/")
        ).run(output: try OutputFile())
        #expect(end.isSuccess)
        return try String(contentsOfFile: folder[name + ".pub"], encoding: .utf8)
    }

    @Test("is of the one name that the signers give to its key, for this statement alone")
    func good() async throws {
        try await withFolder { folder in
            try folder.write("signers", "ada namespaces=\"rz-approval\" " + (try await key("ada", in: folder)))
            let signatures = SSHSignatures(signers: folder["signers"])
            let text = try await signatures.sign(statement(), with: folder["ada"])
            // `SSHSIG`, in one line.
            #expect(text.hasPrefix("U1NIU0lH") && !text.contains("\n"))
            #expect(try await signatures.signer(of: statement(), text) == "ada")
            #expect(try await signatures.signer(of: statement(), text) == "ada")
            #expect(try await signatures.signer(of: statement(step: "drain/approval"), text) == nil)
            #expect(try await signatures.signer(of: statement(note: "CHG 4711"), text) == nil)
            #expect(try await signatures.signer(of: statement(), "no signature") == nil)
            #expect(try await SSHSignatures(signers: nil).signer(of: statement(), text) == nil)
            #expect(try await SSHSignatures(signers: folder["gone"]).signer(of: statement(), text) == nil)
        }
    }

    @Test(
        "is of no one where its key is not listed, for something else, or for more than one person",
        arguments: ["bo STRANGER", "ada namespaces=\"git\" KEY", "ada,bo KEY", "a* KEY"])
    func bad(_ lines: String) async throws {
        try await withFolder { folder in
            let (own, strange) = (try await key("ada", in: folder), try await key("bo", in: folder))
            try folder.write(
                "signers",
                lines.replacing("STRANGER", with: strange.trimmingCharacters(in: .newlines))
                    .replacing("KEY", with: own.trimmingCharacters(in: .newlines)) + "\n")
            let signatures = SSHSignatures(signers: folder["signers"])
            let text = try await signatures.sign(statement(), with: folder["ada"])
            #expect(try await signatures.signer(of: statement(), text) == nil)
        }
    }

    @Test("can't be made with a key that is not there, and says what ssh-keygen said")
    func noKey() async throws {
        try await withFolder { folder in
            let failure = await #expect(throws: Failure.self) {
                _ = try await SSHSignatures(signers: nil).sign(statement(), with: folder["nowhere"])
            }
            #expect(failure?.summary.hasPrefix("The approval can't be signed with this key") == true)
            #expect(failure?.details.isEmpty == false)
        }
    }
}
