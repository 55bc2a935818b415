import HAProxyPrograms
import LoadBalancing
import Migration
import Testing

@Suite("The HAProxys that these tests run on", .serialized)
struct VersionTests {
    /// The branches of docs/operations.md. Debian's newest moves on.
    @Test("are of each branch that rz is tested with", arguments: ["2.6", "2.8", "3.0", "3.2 or later"])
    func branches(_ branch: String) throws {
        let isThere = HAProxyProgram.all.contains {
            branch == "3.2 or later" ? $0.isAtLeast(3, 2) : $0.version.hasPrefix(branch + ".")
        }
        if !isThere { try Test.cancel("no HAProxy \(branch) is here, so no test ran on it: scripts/haproxy-for-tests") }
    }

    @Test("are those that answer", arguments: HAProxyProgram.all)
    func answers(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, { _ in "" }) { lab in
            let state = try await lab.driver().observe()
            #expect(state.version == haproxy.version)
        }
    }
}
