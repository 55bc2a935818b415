import Foundation
import Migration

@testable import Provisioning

/// A small environment for a real Terraform: servers are folders below `world`.
struct TerraformLab: Sendable {
    let folder: Folder
    var backend: TerraformBackend?
    /// What the backend authenticates with.
    var secrets: [String: String] = [:]
    var inventory: [String: TerraformGroup]?

    init(
        _ folder: Folder, servers: String = TerraformLab.servers, backend: TerraformBackend? = nil,
        secrets: [String: String] = [:]
    ) throws {
        self.folder = folder
        self.backend = backend
        self.secrets = secrets
        func declared(_ module: String) -> String {
            module.replacing("backend \"local\"", with: "backend \"\(backend?.type ?? "local")\"")
        }
        try folder.write("environment/terraform/servers/main.tf", declared(servers))
        try folder.write("environment/terraform/disks/main.tf", declared(TerraformLab.disks))
        try FileManager.default.createDirectory(atPath: folder["world"], withIntermediateDirectories: true)
    }

    func terraform(
        variables: [String: Setting] = [:], colors: [Color: [String: Setting]] = [:], state: String = "state",
        secrets: [String: String] = [:], shell: [String: String] = [:], binary: String? = nil,
        structured: [String] = []
    ) -> Terraform {
        let root = TerraformRoot(
            root: "terraform/servers", disks: "terraform/disks",
            variables: variables.merging(["world": Setting(folder["world"])]) { $1 }, colors: colors,
            structured: structured, backend: backend, inventory: inventory)
        return Terraform(
            binary: binary ?? terraformBinary ?? "terraform", root: root, environmentFolder: folder["environment"],
            stateFolder: folder[state],
            inherited: InheritedEnvironment(ProcessInfo.processInfo.environment.merging(shell) { $1 }),
            resolve: resolver(self.secrets.merging(secrets) { $1 }))
    }

    /// A program in front of Terraform, as version managers are: `before` runs first, `more` is added to its arguments.
    func wrapper(before: String = "", more: String = "") throws -> String {
        try folder.write(
            "bin/terraform",
            "#!/bin/sh\n\(before)\ncase $1 in plan) set -- \"$@\" \(more);; esac\n"
                + "exec \(terraformBinary ?? "terraform") \"$@\"\n", executable: true)
    }

    /// The process of the Terraform that is applying to a color.
    func process(of color: Color) -> pid_t? {
        ProcessRecord(path: folder["state/terraform/\(color)/running"]).running
    }

    func open() throws { try folder.write("world/gate", "") }

    /// With `gate` false each server waits until `world/gate` is there, the one called `first` until `world/first` is.
    static let servers = """
        terraform {
          backend "local" {}
        }
        variable "color" { type = string }
        variable "world" { type = string }
        variable "image" { default = "one" }
        variable "gate" { default = "true" }
        variable "first" { default = "none" }
        resource "terraform_data" "server" {
          for_each         = toset(["agent-1", "agent-2", "database-1"])
          input            = "${var.world}/${var.color}-${each.key}"
          triggers_replace = var.image
          provisioner "local-exec" {
            command = <<-END
              mkdir -p ${self.input} && echo ${var.image} >> ${self.input}/begun
              gate=${var.world}/${each.key == var.first ? "first" : "gate"}
              ${var.gate} || while ! test -e $gate; do sleep 0.05; done
              touch ${self.input}/done
            END
          }
          provisioner "local-exec" {
            when    = destroy
            command = "rm -rf ${self.output}"
          }
        }
        output "inventory" {
          value = {
            agent = [for name in ["agent-1", "agent-2"] : {
              name = "${var.color}-${name}", address = "127.0.${var.color == "blue" ? 11 : 12}.${name == "agent-1" ? 1 : 2}"
              rack = 7, spot = true
            } if terraform_data.server[name].id != ""]
            database = [{ name = "${var.color}-database-1", address = "127.0.${var.color == "blue" ? 11 : 12}.31"
              disks = ["db-data-0"] }]
          }
        }
        output "password" {
          sensitive = true
          value     = "never-to-be-seen"
        }
        """

    static let disks = """
        terraform {
          backend "local" {}
        }
        variable "world" { type = string }
        resource "terraform_data" "disk" {
          input = "${var.world}/disk"
          lifecycle { prevent_destroy = true }
          provisioner "local-exec" { command = "mkdir -p ${self.input} && echo data >> ${self.input}/data" }
        }
        """
}
