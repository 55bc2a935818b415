import Foundation
import FreePorts
import Waiting

/// An Application Load Balancer for a test: moto's API, and beside it what serves users and checks targets (alb.py). It
/// ends with the test, whatever the reason: its standard input ends then.
package final class StandInALB: Sendable {
    /// A target group, and the weight that it has in the rule at the beginning; nil for one that the rule does not have.
    package struct Group: Sendable {
        package var name: String
        package var targets: [String]
        package var weight: Int?
        package var attributes: [String: String]
        package var type: String

        package init(
            _ name: String, _ targets: [String], weight: Int?, attributes: [String: String] = [:], type: String = "ip"
        ) {
            self.name = name
            self.targets = targets
            self.weight = weight
            self.attributes = attributes
            self.type = type
        }

        fileprivate var json: [String: Any] {
            var json: [String: Any] = ["targets": targets, "attributes": attributes, "type": type]
            if let weight { json["weight"] = weight }
            return json
        }
    }

    package static let accessKey = "AKID"
    package static let secretKey = "a-secret/key+of=tests"
    package static let region = "eu-central-1"

    /// As scripts/setup installs it.
    package static var isHere: Bool { FileManager.default.isExecutableFile(atPath: python) }
    private static let checkout: String = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.path
    }()
    private static let python = checkout + "/.venv-moto/bin/python"

    /// ARNs by what has them: `balancer`, `listener`, `rule`, and each target group.
    package let arns: [String: String]
    package let api: Int
    package let front: Int
    private let process: Process

    /// - Parameters:
    ///   - path: what targets are asked for by the health check.
    ///   - stickiness: of the rule, in seconds; 0 for none.
    ///   - isDefault: whether users come to the listener's default rule.
    ///   - extra: names of target groups that further rules forward to.
    ///   - token: the session token that every request must show.
    ///   - denied: actions that the caller is not allowed.
    package init(
        _ groups: [Group], path: String = "/", stickiness: Int = 0, isDefault: Bool = false, extra: [String] = [],
        token: String? = nil, denied: [String] = []
    ) async throws {
        let ports = try FreePorts.claim(2)
        (api, front) = (ports[0], ports[1])
        var specification: [String: Any] = [
            "api": ports[0], "front": ports[1], "path": path, "stickiness": stickiness, "default": isDefault,
            "extra": extra, "denied": denied,
            "groups": Dictionary(uniqueKeysWithValues: groups.map { ($0.name, $0.json) }),
        ]
        specification["token"] = token
        let text = try JSONSerialization.data(withJSONObject: specification)
        process = Process()
        process.executableURL = URL(fileURLWithPath: StandInALB.python)
        process.arguments = [
            "\(StandInALB.checkout)/Tests/Support/ALBTesting/alb.py", String(decoding: text, as: UTF8.self),
        ]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        // No program that another test starts may hold the pipe open.
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try process.run()
        let line = await firstLine(of: output)
        guard let found = try? JSONDecoder().decode([String: String].self, from: Data(line.utf8)) else {
            throw NotBuilt()
        }
        arns = found
    }

    package var endpoint: String { "http://127.0.0.1:\(api)" }
    package var url: String { "http://127.0.0.1:\(front)" }

    /// The rule that users come to.
    package var rule: String { arns["rule"] ?? "" }

    /// One of alb.py's orders: `throttle/3`, `fail/1`, `failing/ACTION`, `set/GROUP/WEIGHT`, `nodes`, `weights`, `calls`.
    @discardableResult
    package func order(_ words: String) async throws -> String {
        guard let url = URL(string: "\(endpoint)/stand-in/\(words)") else { return "" }
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let data = try? Data(contentsOf: url)
                continuation.resume(returning: String(decoding: data ?? Data(), as: UTF8.self))
            }
        }
    }

    /// By target group, as moto has them.
    package func weights() async throws -> [String: Int] { try await numbers("weights") }
    /// Calls of the API so far, by action.
    package func calls() async throws -> [String: Int] { try await numbers("calls") }

    /// Those of the load balancer, as moto has them.
    package func tags() async throws -> [String: String] {
        try JSONDecoder().decode([String: String].self, from: Data(try await order("tags").utf8))
    }

    private func numbers(_ words: String) async throws -> [String: Int] {
        try JSONDecoder().decode([String: Int].self, from: Data(try await order(words).utf8))
    }

    /// Also where it has ended already. Waits for its end: nothing answers after it.
    package func stop() {
        try? (process.standardInput as? Pipe)?.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    deinit { stop() }

    private struct NotBuilt: Error, CustomStringConvertible {
        let description = "the stand-in of an ALB did not start"
    }
}
