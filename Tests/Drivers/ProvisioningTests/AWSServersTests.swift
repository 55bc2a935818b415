import Foundation
import FreePorts
import JSON
import Migration
import Testing
import Waiting

@testable import Provisioning

/// `environments/aws` with the real provider of AWS, against moto.
///
/// Terraform would fetch the provider, and no test calls another host: it is taken from one of the folders that Terraform
/// itself looks into, or from RZ_TEST_TERRAFORM_PLUGINS. Source: Terraform's CLI configuration, "Implied Local Mirror
/// Directories".
private enum AWS {
    static let plugins: String? = {
        let variables = ProcessInfo.processInfo.environment
        let folders =
            [variables["RZ_TEST_TERRAFORM_PLUGINS"]].compactMap(\.self)
            + [(variables["HOME"] ?? "") + "/.terraform.d/plugins", "/usr/local/share/terraform/plugins"]
        return folders.first {
            FileManager.default.fileExists(atPath: $0 + "/registry.terraform.io/hashicorp/aws")
        }
    }()

    static let checkout: String = {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.path
    }()
    static let python = checkout + "/.venv-moto/bin/python"

    static var isHere: Bool {
        terraformBinary != nil && plugins != nil && FileManager.default.isExecutableFile(atPath: python)
    }
}

/// What moto has.
private struct AWSState: Decodable {
    var image: String
    var servers: [String: [String]]
    var targets: [String: Int]
    var volumes: [String]
}

/// The example environment in a folder, and moto.
private struct AWSLab {
    let folder: Folder
    let api: Int
    let stateURL: URL

    static func with(_ body: (AWSLab) async throws -> Void) async throws {
        let ports = try FreePorts.claim(2)
        try await withFolder { folder in
            try FileManager.default.copyItem(
                atPath: AWS.checkout + "/environments/aws", toPath: folder["environment"])
            try folder.write(
                ".terraformrc",
                "provider_installation {\n  filesystem_mirror { path = \"\(AWS.plugins ?? "")\" }\n}\n")
            let arguments = ports.map(String.init)
            try await withKeeper(script("aws.py"), arguments, python: AWS.python) { _ in
                let lab = AWSLab(
                    folder: folder, api: ports[0],
                    stateURL: try #require(URL(string: "http://127.0.0.1:\(ports[1])/")))
                try await eventually("moto") { (try? lab.state()) != nil }
                try await body(lab)
            }
        }
    }

    func state() throws -> AWSState { try JSONDecoder().decode(AWSState.self, from: Data(contentsOf: stateURL)) }

    func terraform(zone: String = "eu-central-1a") throws -> Terraform {
        let image = Setting(try state().image)
        let root = TerraformRoot(
            root: "terraform/servers", disks: "terraform/disks",
            variables: ["region": "eu-central-1", "zone": Setting(zone)],
            colors: [.blue: ["color": "blue", "image": image], .green: ["color": "green", "image": image]])
        let shell = [
            "HOME": folder.path, "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:\(api)", "AWS_EC2_METADATA_DISABLED": "true", "no_proxy": "127.0.0.1",
        ]
        return Terraform(
            binary: terraformBinary ?? "terraform", root: root, environmentFolder: folder["environment"],
            stateFolder: folder["state"],
            inherited: InheritedEnvironment(ProcessInfo.processInfo.environment.merging(shell) { $1 }),
            resolve: resolver())
    }
}

@Suite("The AWS example", .enabled(if: AWS.isHere, "Terraform, its provider of AWS or moto is not installed"))
struct AWSServersTests {
    @Test("builds a color beside the other, and destroys one without the volumes, which outlive both")
    func wholeLife() async throws {
        try await AWSLab.with { lab in
            let terraform = try lab.terraform()
            try await terraform.buildDisks { _ in }
            let volumes = try lab.state().volumes
            #expect(volumes.count == 1)

            let blue = try await terraform.build(.blue) { _ in }
            let green = try await terraform.build(.green) { _ in }
            #expect(blue.groups.mapValues(\.count) == ["agent": 2, "control": 1, "database": 1])
            #expect(blue.overlaps(with: green).isEmpty)
            #expect(blue.hosts.allSatisfy { $0.variables["id"]?.hasPrefix("i-") == true })
            var state = try lab.state()
            let names = ["agent-1", "agent-2", "control-1", "database-1"]
            #expect(state.servers == ["blue": names.map { "blue-\($0)" }, "green": names.map { "green-\($0)" }])
            #expect(state.targets == ["blue": 2, "green": 2])
            #expect(try await terraform.observeChanges(.green).isEmpty)
            #expect(try await terraform.observeDrift(.green).isEmpty)

            try await terraform.destroy(.blue) { _ in }
            state = try lab.state()
            #expect(state.servers.keys.sorted() == ["green"])
            #expect(state.targets == ["blue": 0, "green": 2])
            #expect(state.volumes == volumes)
        }
    }

    @Test("refuses to make a volume again somewhere else")
    func volumes() async throws {
        try await AWSLab.with { lab in
            try await lab.terraform().buildDisks { _ in }
            let volumes = try lab.state().volumes
            let failure = try await failure { try await lab.terraform(zone: "eu-central-1b").buildDisks { _ in } }
            #expect(failure.kind == .refused, "\(failure)")
            #expect(try lab.state().volumes == volumes)
        }
    }
}
