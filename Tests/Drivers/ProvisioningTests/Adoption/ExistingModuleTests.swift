import JSON
import Migration
import Testing

@testable import Provisioning

@Suite("A root module that rz did not write")
struct ExistingModuleTests {
    @Test("has the values of its variables files, and no secret")
    func values() throws {
        let file = VariablesFile(
            """
            # a = "no"
            name    = "a \\"b\\" $${c}"  // end
            count   = 3
            on = true
            list = [ "x", 1, [], /* in between */ { k = "v" }, ]
            map = { "a b" = 1
              c = null }
            computed = lookup(x, "y")
            template = "${y}"
            after = "here"
            """)
        let values = Dictionary(uniqueKeysWithValues: file.values.map { ($0.name, $0.value) })
        #expect(values["name"] == .some(.string("a \"b\" ${c}")))
        #expect(values["count"] == .some(3))
        #expect(values["on"] == .some(true))
        #expect(values["list"]??.compact == #"["x",1,[],{"k":"v"}]"#)
        #expect(values["map"]??.compact == #"{"a b":1,"c":null}"#)
        #expect(values["computed"] == .some(nil))
        #expect(values["template"] == .some(nil))
        #expect(values["after"] == .some("here"))
        #expect(values["a"] == nil)
    }

    @Test(
        "never hangs, whatever a file of variables has",
        arguments: ["a = [", "{", "a = {b", "= 1", "a = \"", "]\n}", "a = " + String(repeating: "[", count: 100_000)])
    func broken(_ text: String) { #expect(VariablesFile(text).values.allSatisfy { $0.value == nil }) }

    @Test("takes no resource's block for its backend, and leaves keys and values that hold a secret behind")
    func unusual() async throws {
        try await withFolder { folder in
            try folder.write(
                "m/main.tf",
                """
                resource "google_compute_backend_service" "a" {
                  backend {
                    group = "g"
                  }
                }
                terraform {
                  backend "gcs" {}
                }
                variable "db" { sensitive = true }
                variable "user" {
                  sensitive = true  # as it is a person's
                }
                variable "login" {}
                variable "peer" {}
                """)
            try folder.write("m/id_ed25519", "key")
            try folder.write("m/tls/web.pem", "key")
            try folder.write(
                "m/terraform.tfvars",
                "user = \"u\"\nlogin = { name = \"n\", password = \"p\" }\npeer = \"https://u:p@h/\"\n")
            let module = try ExistingModule(folder["m"], valueFiles: [])
            #expect(module.backend == "gcs")
            let text = module.files["main.tf"]?.text ?? ""
            #expect(text.contains("  backend {\n    group") && text.contains("terraform {\n  backend \"local\" {}"))
            #expect(module.files.keys.sorted() == ["main.tf"])
            #expect(module.leftOut.sorted() == ["id_ed25519", "tls/web.pem"])
            #expect(module.variables.filter(\.isSecret).map(\.name) == ["db", "login", "peer", "user"])
        }
    }

    @Test("is copied with a backend that rz fills in, without states and values")
    func copy() async throws {
        try await withFolder { folder in
            try folder.write(
                "m/main.tf",
                """
                # backend "gcs" {}
                terraform {
                  backend "s3" {
                    key = "x{" # }
                  }
                }
                variable "size" {
                  type    = number
                  default = 1
                }
                variable "password" { sensitive = true }
                variable "region" {}
                module "net" {
                  source = "../net"
                }
                """)
            try folder.write("m/run.sh", "#!/bin/sh\n", executable: true)
            try folder.write("m/sub/more.tf", "backend \"x\" {}\n")
            for name in ["terraform.tfstate", "terraform.tfstate.backup", ".terraform/x", "plan.tfplan"] {
                try folder.write("m/" + name, "{}")
            }
            try folder.write("m/terraform.tfvars", "region = \"a\"\npassword = \"s3cret\"\n")
            try folder.write("m/b.auto.tfvars.json", #"{"region": "b", "size": 2}"#)
            try folder.write("more.tfvars", "region = \"c\"\n")
            let module = try ExistingModule(folder["m"], valueFiles: [folder["more.tfvars"]])
            #expect(module.backend == "s3")
            #expect(module.files.keys.sorted() == ["main.tf", "run.sh", "sub/more.tf"])
            #expect(module.files["run.sh"]?.isExecutable == true)
            let text = module.files["main.tf"]?.text ?? ""
            #expect(text.contains("terraform {\n  backend \"local\" {}\n}"), "\(text)")
            #expect(text.contains("# backend \"gcs\" {}"))
            #expect(module.outside == ["../net"])
            #expect(module.variables.map(\.name) == ["password", "region", "size"])
            #expect(module.variables.map(\.isSecret) == [true, false, false])
            #expect(module.variables.map(\.hasDefault) == [false, false, true])
            #expect(module.variables[1].value == "c")
            #expect(module.variables[2].value == 2)
        }
    }

    @Test("gets a backend where it has none")
    func noBackend() async throws {
        try await withFolder { folder in
            try folder.write("m/main.tf", "variable \"backend\" {}\n")
            let module = try ExistingModule(folder["m"], valueFiles: [])
            #expect(module.files["rz-backend.tf"]?.text.contains("backend \"local\" {}") == true)
        }
    }
}

@Suite("A state that rz did not write")
struct ExistingStateTests {
    private func state(_ outputs: String, lineage: String = "l", serial: Int = 1, resources: String = "[]") -> String {
        #"{"version": 4, "lineage": "\#(lineage)", "serial": \#(serial), "outputs": \#(outputs), "resources": \#(resources)}"#
    }

    @Test(
        "says which servers there are",
        arguments: [
            (#"{"inventory": {"value": {"web": [{"name": "w", "address": "10.0.0.1"}]}}}"#, "web", false),
            (#"{"nodes": {"value": {"w": "10.0.0.1"}}}"#, "nodes", true),
            (#"{"nodes": {"value": [{"hostname": "w", "private_ip": "10.0.0.1"}]}}"#, "nodes", true),
            (#"{"nodes": {"value": {"w": {"ip": "10.0.0.1"}}}, "n": {"value": 3}}"#, "nodes", true),
        ])
    func servers(outputs: String, group: String, isMapped: Bool) throws {
        let found = try ExistingState(state(outputs), at: "s").inventory()
        #expect(found.servers.groups[group]?.map(\.name) == ["w"])
        #expect(found.servers.groups[group]?.map(\.address) == ["10.0.0.1"])
        #expect((found.groups != nil) == isMapped)
    }

    @Test("lists its outputs where none reports servers, and never their values")
    func noServers() throws {
        let text = state(#"{"key": {"value": "s3cret"}, "ips": {"value": ["10.0.0.1"]}}"#)
        let error = #expect(throws: Failure.self) { _ = try ExistingState(text, at: "s").inventory() }
        #expect(error?.description.contains("ips, key") == true)
        #expect(error?.description.contains("s3cret") == false)
    }

    @Test("names what looks like a data disk")
    func disks() throws {
        let resources = """
            [{"mode": "managed", "type": "aws_ebs_volume", "name": "db", "instances": [{"index_key": 0}]},
             {"mode": "managed", "type": "aws_volume_attachment", "name": "db", "instances": [{}]},
             {"mode": "data", "type": "aws_ebs_volume", "name": "other", "instances": [{}]},
             {"mode": "managed", "type": "aws_instance", "name": "disk", "instances": [{}]}]
            """
        #expect(try ExistingState(state("{}", resources: resources), at: "s").disks == ["aws_ebs_volume.db[0]"])
    }

    @Test("is kept once, and never takes the place of another")
    func place() async throws {
        try await withFolder { folder in
            let first = try ExistingState(state("{}", resources: #"[{"type": "x"}]"#), at: "s")
            try first.place(for: .blue, in: folder["state"])
            try first.place(for: .blue, in: folder["state"])
            #expect(folder.text("state/terraform/blue/terraform.tfstate") == first.text)
            #expect(ProvisionerKind.recorded(of: .blue, in: folder["state"]) == .terraform)
            #expect(ProvisionerKind.recorded(of: .green, in: folder["state"]) == nil)
            for (lineage, serial) in [("l", 2), ("m", 1)] {
                let other = try ExistingState(state("{}", lineage: lineage, serial: serial), at: "s")
                let error = #expect(throws: Failure.self) { try other.place(for: .blue, in: folder["state"]) }
                #expect(error?.kind == .refused)
                #expect(folder.text("state/terraform/blue/terraform.tfstate") == first.text)
            }
        }
    }

    @Test("is not one of an older form", arguments: ["", "{}", #"{"version": 3, "lineage": "l", "serial": 1}"#])
    func noState(_ text: String) { #expect(throws: Failure.self) { _ = try ExistingState(text, at: "s") } }
}
