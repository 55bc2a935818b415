import Foundation
import FreePorts

/// A real Prometheus on a port of its own, as scripts/setup puts it into the checkout. It ends with the test, killed ones
/// too.
package final class PrometheusProgram {
    private static let program = URL(filePath: #filePath).appending(path: "../../../../.prometheus/prometheus")
        .standardized.path

    package static var isHere: Bool { access(program, X_OK) == 0 }

    package let port: Int
    package var url: String { "http://127.0.0.1:\(port)" }
    private let folder: String
    private let keeper: Process

    /// - Parameter targets: `host:port` of what it scrapes, five times a second, at /metrics.
    package static func with(
        targets: [String], _ body: (PrometheusProgram) async throws -> Void
    ) async throws {
        let prometheus = try PrometheusProgram(targets: targets)
        defer { prometheus.stop() }
        try await body(prometheus)
    }

    package init(targets: [String]) throws {
        port = try FreePorts.claim()
        folder = FileManager.default.temporaryDirectory.appending(path: "rz-prometheus-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let quoted = targets.map { "'\($0)'" }.joined(separator: ", ")
        try """
        global: { scrape_interval: 200ms, scrape_timeout: 150ms }
        scrape_configs: [ { job_name: test, static_configs: [ { targets: [ \(quoted) ] } ] } ]

        """.write(toFile: folder + "/prometheus.yml", atomically: true, encoding: .utf8)
        let log = folder + "/log"
        try Data().write(to: URL(filePath: log))
        keeper = Process()
        keeper.executableURL = URL(filePath: "/usr/bin/env")
        keeper.arguments = [
            "python3", "-c", script, PrometheusProgram.program, "--config.file=\(folder)/prometheus.yml",
            "--storage.tsdb.path=\(folder)/data", "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
        ]
        keeper.standardInput = Pipe()
        keeper.standardOutput = FileHandle.nullDevice
        keeper.standardError = FileHandle(forWritingAtPath: log)
        try keeper.run()
    }

    /// Also where it has ended already.
    package func stop() {
        try? (keeper.standardInput as? Pipe)?.fileHandleForWriting.close()
        keeper.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// Ends what it started when its standard input does, and with it where it is killed itself.
private let script = """
    import ctypes, signal, subprocess, sys
    def tie(): ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, preexec_fn=tie)
    sys.stdin.read()
    child.kill()
    child.wait()
    """
