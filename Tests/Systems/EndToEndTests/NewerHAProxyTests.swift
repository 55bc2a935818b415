import Foundation
import HAProxyPrograms
import SandboxTesting
import Testing
import Waiting

/// Load balancers are updated one after the other: a move meets two versions at once.
@Suite(
    "A move between load balancers of HAProxy 3.x", .serialized,
    .enabled(if: HAProxyProgram.newest("3.") != nil, "no HAProxy 3.x is here: run scripts/haproxy-for-tests"))
struct NewerHAProxyTests {
    @Test("of two versions fails no request, and is put right after a reload that forgot the weights")
    func moves() async throws {
        let newest = try #require(HAProxyProgram.newest("3."))
        let programs = [HAProxyProgram.newest("3.0.") ?? newest, newest]
        try await SandboxFixture.with { sandbox in
            try await sandbox.build(variables: ["PATH": try path(of: programs, sandbox)])
        } _: { sandbox in
            for (edge, program) in zip(["edge-1", "edge-2"], programs) {
                #expect(try await info("Version", of: edge, in: sandbox) == program.version)
            }
            try sandbox.edit(sandbox.environmentFile, replacing: "share: 50%, bake: 1s", with: "share: 50%, bake: 8s")
            let users = try Users(sandbox)
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"loadBalancers\":[\"edge-1\",\"edge-2\"],\"share\":\"50%\"")
            for edge in ["edge-1", "edge-2"] {
                try "1\n".write(
                    toFile: "\(sandbox.home)/sandbox/haproxy/\(edge).state", atomically: true, encoding: .utf8)
                let before = try await info("Pid", of: edge, in: sandbox)
                kill(try sandbox.master(of: edge), SIGUSR2)
                try await eventually("\(edge) has reloaded") { try await info("Pid", of: edge, in: sandbox) != before }
                try await eventually("the weights of \(edge) are back", within: .seconds(2)) {
                    try await sandbox.weights(on: edge)["be_web/green-agent-1"] == 50
                }
            }
            let ended = try await rz.end()
            #expect(ended.status == 0, "\(ended.all.suffix(800))")
            try await users.expectNoFailure()
            #expect(try await sandbox.live() == "green")
        }
    }

    /// `PATH` with a `haproxy` in front that is another program for each load balancer.
    private func path(of programs: [HAProxyProgram], _ sandbox: SandboxFixture) throws -> String {
        let folder = sandbox.folder + "/bin"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try """
        #!/bin/sh
        case "$*" in *edge-1.cfg*) exec \(programs[0].path) "$@" ;; *) exec \(programs[1].path) "$@" ;; esac

        """.write(toFile: folder + "/haproxy", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/haproxy")
        let venv = Program.checkout.appending(path: ".venv/bin").path
        return "\(folder):\(venv):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
    }

    private func info(_ key: String, of edge: String, in sandbox: SandboxFixture) async throws -> String? {
        try await askHAProxy("unix:\(sandbox.home)/sandbox/haproxy/\(edge).sock", "show info").split(separator: "\n")
            .first { $0.hasPrefix(key + ":") }.map { String($0.dropFirst(key.count + 2)) }
    }
}
