import Foundation
import Glibc
import Transport

/// Health checks as Marathon runs them itself: HTTP and HTTPS by status, TCP by connecting, COMMAND by exit code.
struct TransportHealthProbe: HealthProbe {
    func failure(of target: ProbeTarget) async -> String? {
        if case .command(let command) = target.check.kind { return await run(command, target) }
        guard let port = target.port else { return "the task has no port to probe" }
        let deadline = Duration.seconds(target.check.timeout)
        do throws(TransportError) {
            guard case .http(let path, let secure) = target.check.kind else {
                try await StreamSocket.connect(to: .tcp(host: target.hostname, port: port), deadline: deadline).close()
                return nil
            }
            let route = path.hasPrefix("/") ? path : "/" + path
            let url = "\(secure ? "https" : "http")://\(target.hostname):\(port)\(route)"
            // Marathon trusts whatever certificate a task has.
            let request = HTTPRequest(
                .get, url, headers: [HTTPHeader("Connection", "close")], deadline: deadline,
                tls: TLSOptions(verifiesPeer: false), retry: RetryPolicy.none, maximumRedirects: 0)
            let status = try await HTTPClient.shared.send(request).status
            return target.check.acceptedStatuses.contains(status) ? nil : "HTTP status \(status)"
        } catch {
            return error.description
        }
    }

    /// Runs a command with the task's environment; it is ended at the deadline.
    private func run(_ command: [String], _ target: ProbeTarget) async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: Self.runBlocking(command, target)) }
        }
    }

    private static func runBlocking(_ command: [String], _ target: ProbeTarget) -> String? {
        let launch = TaskProcess.Launch(
            arguments: command, environment: target.environment, workingDirectory: "/",
            outputFile: "/dev/null", errorFile: "/dev/null")
        let process: ProcessIdentity
        do {
            process = try TaskProcess.spawn(launch)
        } catch {
            return error.description
        }
        let deadline = ContinuousClock.now + .seconds(target.check.timeout)
        while ContinuousClock.now < deadline {
            if let exit = TaskProcess.exit(of: process) { return exit == .code(0) ? nil : "\(exit)" }
            usleep(10_000)
        }
        kill(-process.pid, SIGKILL)
        var status: Int32 = 0
        waitpid(process.pid, &status, 0)
        return "the command did not end within \(target.check.timeout) seconds"
    }
}
