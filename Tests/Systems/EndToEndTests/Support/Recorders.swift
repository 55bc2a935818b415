import Foundation
import JSON
import Migration
import SandboxTesting
import Testing

/// Recording proxies in front of everything that rz talks to: both colors' Marathon, Metronome, mesos-compose and Mesos,
/// both load balancers, Terraform and Ansible.
final class Recorders: Sendable {
    /// Something that was said to a framework or master of a color (`blue marathon`) or to a load balancer (`edge-1`).
    struct Call: Sendable {
        var time: Instant
        var at: String
        /// `PUT /v2/apps/shop/web`, or `set server be_web/blue-agent-1 weight 0`.
        var text: String
    }

    private let folder: String
    private let processes: [Process]

    /// Puts the proxies in place, and points the sandbox's environment at them.
    init(_ sandbox: SandboxFixture) async throws {
        folder = sandbox.folder
        let base = try sandbox.basePort
        // Ports of the sandbox's own block, which nothing else uses.
        let sockets = ["edge-1", "edge-2"]
        let log = sandbox.folder + "/calls.jsonl"
        processes =
            try sockets.map { name in
                try Recorders.proxy(
                    name, listen: "unix:\(sandbox.folder)/\(name)",
                    target: "unix:\(sandbox.home)/sandbox/haproxy/\(name).sock", log: log)
            }
            + Recorders.apis.enumerated().flatMap { index, api in
                try [("blue", "127.0.11.10"), ("green", "127.0.12.10")].map { color, host in
                    try Recorders.proxy(
                        "\(color) \(api)", listen: "tcp:\(host):\(base + 61 + index)",
                        target: "tcp:\(host):\(base + 10 + index)", log: log)
                }
            }
        let environment = try String(contentsOfFile: sandbox.environmentFile, encoding: .utf8)
        for (index, api) in Recorders.apis.enumerated() where environment.contains(":{{ control[0].\(api) }}") {
            try sandbox.edit(
                sandbox.environmentFile, replacing: ":{{ control[0].\(api) }}", with: ":\(base + 61 + index)")
        }
        for name in sockets {
            try sandbox.edit(
                sandbox.environmentFile, replacing: "unix:${rz:home}/sandbox/haproxy/\(name).sock",
                with: "unix:\(sandbox.folder)/\(name)")
        }
        try wrapTools(sandbox)
    }

    // Children of a test process are born with SIGTERM blocked.
    deinit { for process in processes { kill(process.processIdentifier, SIGKILL) } }

    /// Variables under which rz finds the recording tools first.
    var variables: [String: String] { ["PATH": "\(folder)/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? "")"] }

    /// What a color's control server offers, in the order of its ports.
    static let apis = ["marathon", "metronome", "compose", "mesos"]

    // MARK: - What was recorded

    /// Everything that was said, in its order.
    var calls: [Call] {
        lines("calls.jsonl").flatMap { line -> [Call] in
            guard let call = try? JSON(parsing: line), let at = call["at"]?.string, let said = call["said"]?.string,
                let time = call["time"]?.int
            else { return [] }
            let texts = at.hasPrefix("edge") ? Recorders.commands(in: said) : Recorders.requests(in: said)
            return texts.map { Call(time: Instant(milliseconds: Int64(time)), at: at, text: $0) }
        }
    }

    /// What would have changed something, in its order.
    var changes: [Call] { calls.filter(\.isChange) }

    /// What changes something at a framework (`blue marathon`) or at a load balancer, in its order.
    func changes(at place: String) -> [String] { changes.filter { $0.at == place }.map(\.text) }

    func calls(at place: String) -> [String] { calls.filter { $0.at == place }.map(\.text) }

    /// Calls of Terraform that change something, and of Ansible, except those that run no task.
    var changesByTools: [String] {
        tools.filter { call in
            call.contains(" apply ") || call.contains(" destroy ")
                || call.hasPrefix("ansible-playbook ")
                    && ![" --version ", " --list-tasks "].contains { call.contains($0) }
        }
    }

    /// Calls of Terraform and Ansible with all their arguments.
    var tools: [String] { lines("tools.log") }

    /// A request line; one may follow the body of another without a line end in between.
    private static func requests(in line: String) -> [String] {
        line.firstMatch(of: /([A-Z]+ \/\S*) HTTP\/1\.1/).map { [String($0.output.1)] } ?? []
    }

    private static func commands(in line: String) -> [String] {
        line.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    private func lines(_ file: String) -> [String] {
        let data = FileManager.default.contents(atPath: "\(folder)/\(file)") ?? Data()
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }

    // MARK: - Setting up

    private static func proxy(_ name: String, listen: String, target: String, log: String) throws -> Process {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "recording_proxy.py")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script.path, name, listen, target, log]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        // It ends with this end of the pipe, which no other program may inherit.
        let input = Pipe()
        process.standardInput = input
        try #require(fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC) == 0)
        try process.run()
        // It says "ready" once it listens.
        let ready = output.fileHandleForReading.availableData
        try #require(!ready.isEmpty, "the proxy \(name) does not listen on \(listen)")
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
        for name in ["terraform", "ansible-playbook", "ansible-inventory", "ansible-config"] {
            let real = try #require(Recorders.find(name, in: path), "\(name) is not installed")
            let script = "#!/bin/sh\necho \"\(name) $* \" >> \(sandbox.folder)/tools.log\nexec \(real) \"$@\"\n"
            try script.write(toFile: "\(bin)/\(name)", atomically: true, encoding: .utf8)
            chmod("\(bin)/\(name)", 0o755)
        }
    }
}

extension Recorders.Call {
    /// `set server be_web/blue-agent-1 weight 100` → 100, if it is about this color.
    func weight(of color: String) -> Int? {
        guard let match = text.firstMatch(of: /^set server \S+\/(blue|green)-\S+ weight (\d+)$/),
            match.output.1 == color
        else { return nil }
        return Int(match.output.2)
    }

    /// Whether it would have changed something.
    var isChange: Bool { at.hasPrefix("edge") ? isChangingCommand : isChangingRequest }

    private var isChangingRequest: Bool { !text.hasPrefix("GET ") && !text.hasPrefix("HEAD ") }

    /// How a session answers is no change.
    private var isChangingCommand: Bool {
        let verbs = ["set ", "add ", "del ", "enable ", "disable ", "clear ", "shutdown "]
        return !text.hasPrefix("set severity-output") && verbs.contains { text.hasPrefix($0) }
    }
}
