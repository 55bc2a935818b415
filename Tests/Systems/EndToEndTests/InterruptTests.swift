import Foundation
import JSON
import SandboxTesting
import Testing

@Suite("Ctrl-C")
struct InterruptTests {
    @Test("halts Terraform and Ansible cleanly once, stops at once when pressed twice, and the run goes on or back")
    func interrupted() async throws {
        try await SandboxFixture.with { sandbox in
            let users = try Users(sandbox)
            let first = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await first.waitForOutput("\"type\":\"step.intended\",\"intent\":\"build the servers of green\"")
            first.signal(SIGINT)
            let halted = try await first.end()
            #expect(halted.status == 130, "\(halted.all.suffix(600))")
            #expect(halted.events.last?["type"]?.string == "run.halted")
            #expect(children(of: sandbox).isEmpty, "\(children(of: sandbox))")

            let second = try sandbox.start(["resume", "--json"])
            try await second.waitForOutput("\"type\":\"phase.entered\",\"phase\":\"configure\"")
            second.signal(SIGINT)
            second.signal(SIGTERM)
            let stopped = try await second.end()
            #expect(stopped.status == 130, "\(stopped.all.suffix(600))")

            let status = try await sandbox.run("status", "--json")
            #expect(status.output.contains("\"performed\":false"), "\(status.all)")
            try await sandbox.succeed("rollback")
            #expect(try sandbox.servers.allSatisfy { $0.hasPrefix("blue-") })
            #expect(try await sandbox.live() == "blue")
            #expect(children(of: sandbox).isEmpty, "\(children(of: sandbox))")
            try await users.expectNoFailure()
        }
    }

    /// Terraforms and playbooks that work on this sandbox.
    private func children(of sandbox: SandboxFixture) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int($0) != nil }.compactMap { pid in
            let data = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            let words = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            let isTool = words.prefix(2).contains { $0.hasSuffix("terraform") || $0.hasSuffix("ansible-playbook") }
            return isTool && words.contains { $0.contains(sandbox.folder) } ? words.joined(separator: " ") : nil
        }
    }
}
