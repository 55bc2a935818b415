import HAProxyPrograms
import LoadBalancing
import Migration
import Testing

/// The branches of docs/operations.md; Debian's newest moves on. A branch that is not here is skipped in all suites.
@Suite("HAProxy, by branch", .serialized)
struct VersionTests {
    private static let v26 = HAProxyProgram.newest("2.6.")
    private static let v28 = HAProxyProgram.newest("2.8.")
    private static let v30 = HAProxyProgram.newest("3.0.")
    private static let newer = HAProxyProgram.all.last { $0.isAtLeast(3, 2) }

    @Test("2.6 answers", .enabled(if: v26 != nil, "no test ran on HAProxy 2.6: the system has another one"))
    func branch26() async throws { try await expectAnswer(VersionTests.v26) }

    @Test("2.8 answers", .enabled(if: v28 != nil, "no test ran on HAProxy 2.8: scripts/haproxy-for-tests"))
    func branch28() async throws { try await expectAnswer(VersionTests.v28) }

    @Test("3.0 answers", .enabled(if: v30 != nil, "no test ran on HAProxy 3.0: scripts/haproxy-for-tests"))
    func branch30() async throws { try await expectAnswer(VersionTests.v30) }

    @Test("3.2 or later answers", .enabled(if: newer != nil, "no test ran on HAProxy 3.2: scripts/haproxy-for-tests"))
    func branchNewer() async throws { try await expectAnswer(VersionTests.newer) }

    private func expectAnswer(_ haproxy: HAProxyProgram?) async throws {
        let haproxy = try #require(haproxy)
        try await withHAProxy(haproxy, { _ in "" }) { lab in
            let state = try await lab.driver().observe()
            #expect(state.version == haproxy.version)
        }
    }
}
