import Foundation
import Glibc

/// Health checks over plain sockets, each on a thread of its own while it lasts.
struct SocketHealthProbe: HealthProbe {
    func failure(of target: ProbeTarget) async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: Self.look(target))
            }
        }
    }

    private static func look(_ target: ProbeTarget) -> String? {
        if case .command(let command) = target.check.kind { return run(command, target) }
        guard let port = target.port else { return "the task has no port to probe" }
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard file >= 0 else { return "no socket: \(String(cString: strerror(errno)))" }
        defer { close(file) }
        let seconds = target.check.timeout
        var timeout = timeval(tv_sec: Int(seconds), tv_usec: Int(seconds.truncatingRemainder(dividingBy: 1) * 1e6))
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        guard inet_pton(AF_INET, target.hostname, &address.sin_addr) == 1 else {
            return "\(target.hostname) is not an IPv4 address"
        }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return "ConnectException: \(String(cString: strerror(errno)))" }
        guard case .http(let path, let secure) = target.check.kind else { return nil }
        if secure { return "HTTPS health checks are not supported by this probe" }
        return get(path, host: "\(target.hostname):\(port)", over: file)
    }

    private static func get(_ path: String, host: String, over file: Int32) -> String? {
        let route = path.hasPrefix("/") ? path : "/" + path
        let request = Array("GET \(route) HTTP/1.0\r\nHost: \(host)\r\nConnection: close\r\n\r\n".utf8)
        guard send(file, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return "the request could not be sent: \(String(cString: strerror(errno)))"
        }
        var head: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 512)
        while head.count < 12 {
            let count = recv(file, &buffer, buffer.count, 0)
            guard count > 0 else { return "TimeoutException: no reply" }
            head += buffer[..<count]
        }
        let fields = String(decoding: head.prefix(12), as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let status = Int(fields[1]) else { return "the reply is not HTTP" }
        return (200..<400).contains(status) ? nil : "\(status)"
    }

    /// Runs a command with the task's environment; it is ended at the deadline.
    private static func run(_ command: String, _ target: ProbeTarget) -> String? {
        let launch = TaskProcess.Launch(
            arguments: ["/bin/sh", "-c", command], environment: target.environment, workingDirectory: "/",
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
