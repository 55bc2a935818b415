import Foundation
import JSON
import Migration
import Testing

@testable import Provisioning

@Suite("Terraform's values of other shapes", .enabled(if: terraformBinary != nil, "terraform is not installed"))
struct TerraformShapesTests {
    /// What a module has that was not written for rz.
    static let module = """
        terraform {
          backend "local" {}
        }
        variable "color" { type = string }
        variable "world" { type = string }
        variable "size" { type = number }
        variable "zones" { type = set(string) }
        variable "labels" { type = map(string) }
        variable "nodes" {
          type = map(object({ ip = string, rack = optional(number, 3), note = optional(string) }))
        }
        resource "terraform_data" "node" {
          for_each = var.nodes
          input    = { size = var.size, zones = var.zones, labels = var.labels, note = each.value.note }
        }
        output "cluster" {
          value = {
            nodes = { for name, node in var.nodes : "${var.color}-${name}" => {
              network = [{ private_ip = node.ip }], ssh = { port = 2222 }, labels = { rack = node.rack }
            } }
          }
        }
        output "edges" { value = { "${var.color}-edge" = "127.0.21.${var.color == "blue" ? 8 : 9}" } }
        output "values" { value = [for node in terraform_data.node : node.input] }
        """

    @Test("are a color's inventory and its variables")
    func shapes() async throws {
        try await withFolder { folder in
            var lab = try TerraformLab(folder, servers: TerraformShapesTests.module)
            lab.inventory = [
                "agent": TerraformGroup(
                    output: "cluster", path: "nodes", address: "network.0.private_ip", port: "ssh.port",
                    attributes: ["rack": "labels.rack"]),
                "edge": TerraformGroup(output: "edges"),
            ]
            func terraform(_ nodes: String) -> Terraform {
                lab.terraform(
                    variables: [
                        "size": "7", "zones": #"["b","a","b"]"#, "labels": #"{"tier":1,"text":"${color} \"x\" %{y}"}"#,
                        "nodes": Setting(nodes),
                    ], structured: ["zones", "labels", "nodes"])
            }
            let nodes = #"{"one":{"ip":"127.0.21.1"},"two":{"ip":"127.0.21.2","rack":5,"note":"${not a template}"}}"#
            let built = try await terraform(nodes).build(.blue) { _ in }
            func node(_ name: String, _ address: String, _ rack: String) -> Migration.Host {
                Migration.Host(
                    name: name, address: address, variables: ["rack": rack, "ansible_port": "2222"],
                    structured: ["ansible_port", "rack"])
            }
            #expect(
                built.groups == [
                    "agent": [node("blue-one", "127.0.21.1", "3"), node("blue-two", "127.0.21.2", "5")],
                    "edge": [Migration.Host(name: "blue-edge", address: "127.0.21.8")],
                ])
            #expect(try await terraform(nodes).observeChanges(.blue).isEmpty)
            let state = try #require(folder.text("state/terraform/blue/terraform.tfstate"))
            let values = try JSON(parsing: state)["outputs"]?["values"]?["value"]?.array
            #expect(values?.first?["size"]?.int == 7)
            #expect(values?.first?["zones"] == ["a", "b"])
            #expect(values?.first?["labels"]?["tier"] == "1")
            #expect(values?.first?["labels"]?["text"] == #"${color} "x" %{y}"#)
            #expect(values?.last?["note"] == "${not a template}")

            // A plan is looked at through the same mapping: green must not be where blue is.
            let failure = try await failure { _ = try await terraform(nodes).build(.green) { _ in } }
            #expect(failure.summary.contains("reaches into blue"))
        }
    }

    @Test("may come from a registry's module that is committed as Terraform fetched it: nothing is fetched again")
    func vendored() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(
                folder,
                servers: """
                    terraform {
                      backend "local" {}
                    }
                    variable "color" { type = string }
                    variable "world" { type = string }
                    module "agents" {
                      source  = "example/agents/none"
                      version = "1.0.0"
                      color   = var.color
                    }
                    output "inventory" { value = module.agents.inventory }
                    """)
            let modules = "environment/terraform/servers/.terraform/modules"
            try folder.write(
                "\(modules)/modules.json",
                #"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"agents","Version":"1.0.0","#
                    + #""Source":"registry.terraform.io/example/agents/none","Dir":".terraform/modules/agents"}]}"#)
            try folder.write(
                "\(modules)/agents/main.tf",
                """
                variable "color" {}
                output "inventory" { value = { agent = [{ name = "${var.color}-1", address = "127.0.0.9" }] } }
                """)
            #expect(
                try await lab.terraform().build(.blue) { _ in }.groups["agent"]
                    == [Migration.Host(name: "blue-1", address: "127.0.0.9")])
        }
    }

    @Test("are refused where an output or a field is missing, by group and output, without a value")
    func missing() throws {
        let outputs = #"{"nodes":{"value":{"a":{"ip":"127.0.0.1"}}},"secret":{"value":"hidden"}}"#
        func reading(_ group: TerraformGroup) -> Failure? {
            #expect(throws: Failure.self) {
                try TerraformOutputs.inventory(outputs, ["agent": group], at: "servers")
            }
        }
        #expect(reading(TerraformGroup(output: "node"))?.summary == "Group agent: the module has no output `node`")
        #expect(reading(TerraformGroup(output: "node"))?.details == ["outputs: nodes, secret"])
        #expect(reading(TerraformGroup(output: "secret"))?.summary.contains("is neither a list nor a map") == true)
        #expect(
            reading(TerraformGroup(output: "nodes"))?.summary == "Server a of the inventory has no address")
        #expect(
            try TerraformOutputs.inventory("{}", ["agent": TerraformGroup(output: "nodes")], at: "servers") == nil)
    }
}
