import Foundation
import JSON
import SandboxTesting
import Testing

@Suite("A newcomer's first day")
struct FirstDayTests {
    @Test("leads from an empty repository to a first plan, by the commands that are printed")
    func firstPlan() async throws {
        try await SandboxFixture.with { sandbox in
            try await NewProject.with { project in
                let haproxy = sandbox.home + "/sandbox/haproxy"
                let backends = ["web", "cart", "catalog", "ledger", "search"].flatMap { ["--backend", "be_\($0)"] }
                let port = try sandbox.basePort + 10
                let made = try await project.rz(
                    ["init", "mine", "--static", "--framework", "marathon=http://127.0.11.10:\(port)"] + backends
                        + ["edge-1", "edge-2"].flatMap { ["--load-balancer", "\($0)=unix:\(haproxy)/\($0).sock"] })
                #expect(made.status == 0, "\(made.all)")
                try fillIn(project, sandbox, port)

                let lines = made.output.split(separator: "\n").map { $0.drop { $0 == " " } }
                let commands = (lines.split { $0 == "Next:" }.last.map(Array.init) ?? []).map(String.init)
                #expect(commands.first == "git init")
                for command in commands {
                    let ended = try await project.shell(command)
                    if command == "rz plan mine" {
                        #expect(ended.status == 2, "\(ended.all)")
                        #expect(ended.output.contains("blue → green"), "\(ended.all)")
                        #expect(!ended.output.contains("blocking:"), "\(ended.all)")
                    } else {
                        #expect(ended.status == 0, "\(command): \(ended.all)")
                    }
                    if command == "rz doctor mine" {
                        #expect(ended.output.contains("green is idle"), "\(ended.all)")
                    }
                }

                // By Terraform, which has built none of the servers that stand.
                let other = ["init", "other", "--terraform", "--load-balancer", "edge-1=unix:\(haproxy)/edge-1.sock"]
                #expect(try await project.rz(other + backends).status == 0)
                for file in ["environment.yaml", "ansible/site.yaml", "terraform/servers/main.tf"] {
                    try unmark(project, "environments/other/" + file)
                }
                let doctor = try await project.rz(["doctor", "other"])
                #expect(doctor.output.contains("carries the traffic, and its provisioner reports no servers of it"))
            }
        }
    }

    /// What the marks and the plan ask for.
    private func fillIn(_ project: NewProject, _ sandbox: SandboxFixture, _ port: Int) throws {
        let file = "environments/mine/environment.yaml"
        var text = try project.read(file)
        func replace(_ pattern: String, _ new: String) throws {
            let range = try #require(text.range(of: pattern, options: .regularExpression), "\(pattern): \(text)")
            text.replaceSubrange(range, with: new)
        }
        for (color, network) in [("blue", "127.0.11"), ("green", "127.0.12")] {
            func servers(_ group: String, _ numbers: [Int]) -> String {
                let all = numbers.enumerated().map {
                    "{ name: \(color)-\(group)-\($0 + 1), address: \(network).\($1) }"
                }
                return "        \(group): [ \(all.joined(separator: ", ")) ]\n"
            }
            try replace(
                "      \(color): .*\n.*\n.*\n",
                "      \(color):\n" + servers("control", [10]) + servers("agent", [21, 22, 23])
                    + servers("database", [31]))
        }
        try replace("url: .*FILL IN.*", "url: \"http://{{ control[0].address }}:\(port)\"")
        try replace("# user: rz", "user: rz")
        try replace("# password: .*", "password: \"${file:\(sandbox.home)/sandbox/password}\"")
        for edge in ["edge-1", "edge-2"] {
            try replace("stateFile: /var.*", "stateFile: \(sandbox.home)/sandbox/haproxy/\(edge).state")
        }
        try replace(" +# FILL IN: how.*", "")
        // The findings of the plan.
        try replace(
            "overrides: .*",
            "overrides: [ { match: /shop/cart, set: { env.CACHE_HOST: \"{{ agent[0].address }}\" } } ]")
        #expect(!text.contains("FILL IN"), "\(text)")
        try project.write(text, file)
        try unmark(project, "environments/mine/ansible/site.yaml")
    }

    /// Takes what stands there for filled in.
    private func unmark(_ project: NewProject, _ file: String) throws {
        let text = try project.read(file)
        try #require(text.contains("FILL IN:"), "\(file): \(text)")
        try project.write(text.replacing("# FILL IN:", with: "#"), file)
    }
}
