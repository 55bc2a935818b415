import Foundation
import FreePorts
import JSON
import SandboxTesting
import Testing
import Transport
import Waiting

@Suite("Two operators, each with a home of their own, and one remote state")
struct RemoteStateTests {
    @Test("The second learns who holds the lock, and halts; once it is released, it finds what the first built")
    func locked() async throws {
        try await NewProject.with { project in
            let keeper = try FolderKeeper(folder: project.base)
            defer { keeper.end() }
            try await TerraformStates.serve { states in
                try await write(project, states)
                func rz(_ home: String, _ arguments: [String]) throws -> Program {
                    try Program(
                        arguments,
                        variables: project.variables.merging([
                            "RZ_HOME": "\(project.base)/\(home)", "RZ_ROOT": project.folder, "STATE_USER": "op",
                            "STATE_PASSWORD": TerraformStates.password,
                        ]) { $1 }, folder: project.base)
                }
                let build = ["build", "shop", "--color", "blue", "--yes"]
                let first = try rz("home", build)
                try await first.waitForOutput("servers of blue: waiting for 0 of 1 servers: server creating")
                let lock = try await HTTPClient.shared.send(HTTPRequest(.get, states + "/locks/shop/blue"))
                let holder = try JSON(parsing: lock.body)
                let who = try #require(holder["Who"]?.string)
                let since = try #require(holder["Created"]?.string)

                let second = try await rz("home-2", build).end()
                #expect(second.status == 3, "\(second.all)")
                let refusal = "Terraform's state of the servers of blue is locked by \(who) since \(since)"
                #expect(second.output.contains("HALTED: \(refusal)"), "\(second.all)")
                #expect(second.output.contains("terraform force-unlock \(holder["ID"]?.string ?? "")"))
                #expect(!second.all.contains(TerraformStates.password))
                let status = try await rz("home-2", ["status", "shop"]).end()
                #expect(status.output.contains(refusal), "\(status.all)")
                #expect(first.isRunning)

                try project.write("", "../world/gate")
                try await first.waitForOutput("✓ servers of blue: 1 server")
                let resumed = try rz("home-2", ["resume", "shop"])
                try await resumed.waitForOutput("✓ servers of blue: 1 server already exists")
                for program in [first, resumed] {
                    program.signal(SIGINT)
                    _ = try await program.end()
                }
                #expect(try project.read("../world/blue-agent-1/begun") == "1\n")
            }
        }
    }

    /// An environment whose one server waits for `world/gate` while it is made.
    private func write(_ project: NewProject, _ states: String) async throws {
        try project.write(
            """
            apiVersion: rz/v1
            name: shop
            runbook: rz-update
            git: { requireClean: false }
            provision:
              terraform:
                root: terraform/servers
                disks: terraform/disks
                variables: { world: "\(project.base)/world" }
                backend:
                  type: http
                  config:
                    address: "\(states)/shop/{{ color }}"
                    lock_address: "\(states)/shop/{{ color }}"
                    unlock_address: "\(states)/shop/{{ color }}"
                    retry_max: "0"
                  credentials: { TF_HTTP_USERNAME: "${env:STATE_USER}", TF_HTTP_PASSWORD: "${env:STATE_PASSWORD}" }
            services: { sources: [ { marathon: { url: "http://{{ agent[0].address }}:8080" } } ] }
            loadBalancers: [ { name: edge-1, haproxy: { socket: "unix:\(project.base)/edge-1.sock" } } ]
            traffic: [ { backend: be_shop, servers: { blue: "blue-*", green: "green-*" } } ]
            approvals: { tearDown: 1 }

            """, "environments/shop/environment.yaml")
        try project.write(
            """
            terraform {
              backend "http" {}
            }
            variable "color" { type = string }
            variable "world" { type = string }
            resource "terraform_data" "server" {
              input = "${var.world}/${var.color}-agent-1"
              provisioner "local-exec" {
                command = <<-END
                  mkdir -p ${self.input} && echo 1 >> ${self.input}/begun
                  while ! test -e ${var.world}/gate; do sleep 0.05; done
                END
              }
            }
            output "inventory" {
              value      = { agent = [{ name = "${var.color}-agent-1", address = "127.0.91.1" }] }
              depends_on = [terraform_data.server]
            }

            """, "environments/shop/terraform/servers/main.tf")
        try project.write(
            "terraform {\n  backend \"http\" {}\n}\n", "environments/shop/terraform/disks/main.tf")
        try project.write(
            try String(contentsOf: Program.checkout.appending(path: "runbooks/rz-update.yaml"), encoding: .utf8),
            "runbooks/rz-update.yaml")
        let committed = try await project.shell("git init -q && git add -A && git commit -qm project")
        try #require(committed.status == 0, "\(committed.all)")
    }
}
