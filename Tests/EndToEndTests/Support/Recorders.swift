import Foundation
import JSON
import Testing

/// Recording proxies in front of everything that rz talks to: both colors' Marathon, both load balancers, Terraform
/// and Ansible.
final class Recorders: Sendable {
    private let folder: String
    private let processes: [Process]

    /// Puts the proxies in place, and points the sandbox's environment at them.
    init(_ sandbox: SandboxFixture) async throws {
        folder = sandbox.folder
        let description = try JSON(
            parsing: try String(contentsOfFile: sandbox.home + "/sandbox/sandbox.json", encoding: .utf8))
        let base = try #require(description["basePort"]?.int)
        // Ports of the sandbox's own block, which nothing else uses.
        let marathon = base + 60
        let admin = base + 61
        let socket = sandbox.folder + "/edge-1"
        processes = [
            try Recorders.proxy(
                "tcp:127.0.11.10:\(marathon)", "tcp:127.0.11.10:\(base + 10)", sandbox.folder + "/blue.log"),
            try Recorders.proxy(
                "tcp:127.0.12.10:\(marathon)", "tcp:127.0.12.10:\(base + 10)", sandbox.folder + "/green.log"),
            try Recorders.proxy(
                "unix:\(socket)", "unix:\(sandbox.home)/sandbox/haproxy/edge-1.sock", sandbox.folder + "/edge-1.log"),
            try Recorders.proxy(
                "tcp:127.0.10.2:\(admin)", "tcp:127.0.10.2:\(base + 2)", sandbox.folder + "/edge-2.log"),
        ]
        try sandbox.edit(sandbox.environmentFile, replacing: ":{{ control[0].marathon }}", with: ":\(marathon)")
        try sandbox.edit(
            sandbox.environmentFile, replacing: "unix:${rz:home}/sandbox/haproxy/edge-1.sock", with: "unix:\(socket)")
        try sandbox.edit(
            sandbox.environmentFile, replacing: "tcp:127.0.10.2:${file:${rz:home}/sandbox/edge-2.port}",
            with: "tcp:127.0.10.2:\(admin)")
        try wrapTools(sandbox)
    }

    // Children of a test process are born with SIGTERM blocked.
    deinit { for process in processes { kill(process.processIdentifier, SIGKILL) } }

    /// Variables under which rz finds the recording tools first.
    var variables: [String: String] { ["PATH": "\(folder)/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? "")"] }

    // MARK: - What was recorded

    /// Requests that change something at a color's Marathon.
    func changes(atMarathonOf color: String) -> [String] {
        requests(toMarathonOf: color).filter { !$0.hasPrefix("GET ") && !$0.hasPrefix("HEAD ") }
    }

    /// Every request line; one may follow the body of another without a line end in between.
    func requests(toMarathonOf color: String) -> [String] {
        lines("\(color).log").compactMap { line in
            line.firstMatch(of: /(GET|HEAD|POST|PUT|PATCH|DELETE) \/\S* HTTP\/1\.1/).map { String($0.output.0) }
        }
    }

    /// Commands that change something at a load balancer, in their order.
    func changes(at edge: String) -> [String] {
        lines("\(edge).log").flatMap { $0.split(separator: ";").map(String.init) }.filter { command in
            !command.hasPrefix("set severity-output")
                && ["set ", "add ", "del ", "enable ", "disable ", "clear ", "shutdown "].contains {
                    command.hasPrefix($0)
                }
        }
    }

    func commands(at edge: String) -> [String] { lines("\(edge).log") }

    /// Calls of Terraform that change something, and of Ansible.
    var changesByTools: [String] {
        lines("tools.log").filter {
            $0.contains(" apply ") || $0.contains(" destroy ") || $0.hasPrefix("ansible-playbook ")
        }
    }

    private func lines(_ file: String) -> [String] {
        let data = FileManager.default.contents(atPath: "\(folder)/\(file)") ?? Data()
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }

    // MARK: - Setting up

    private static func proxy(_ listen: String, _ target: String, _ log: String) throws -> Process {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "recording_proxy.py")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script.path, listen, target, log]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // It says "ready" once it listens.
        _ = output.fileHandleForReading.availableData
        return process
    }

    /// The first executable of this name in a list of folders.
    static func find(_ name: String, in path: String) -> String? {
        path.split(separator: ":").map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private func wrapTools(_ sandbox: SandboxFixture) throws {
        let bin = sandbox.folder + "/bin"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        let venv = Program.checkout.appending(path: ".venv/bin").path
        let path = "\(venv):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        for name in ["terraform", "ansible-playbook"] {
            guard let real = Recorders.find(name, in: path) else { continue }
            let script = "#!/bin/sh\necho \"\(name) $* \" >> \(sandbox.folder)/tools.log\nexec \(real) \"$@\"\n"
            try script.write(toFile: "\(bin)/\(name)", atomically: true, encoding: .utf8)
            chmod("\(bin)/\(name)", 0o755)
        }
    }
}
