import Foundation
import Migration
import Transport

/// The two front load balancers of a sandbox: real HAProxy processes.
struct LoadBalancers {
    let folder: SandboxFolder

    /// Starts both.
    ///
    /// - Throws: `Failure` when HAProxy is missing or does not start; kind `.transient` when one of the ports is taken.
    func start() async throws(Failure) {
        guard let haproxy = LoadBalancers.program else {
            throw Failure(
                "HAProxy is not installed", advice: "Install it: apt-get install haproxy (or run scripts/setup).")
        }
        let template = try text(of: folder.environmentFolder + "/haproxy/edge.cfg.template")
        for edge in SandboxFolder.edges {
            try write(configuration(template, edge.name, edge.address), edge.name)
            try start(haproxy, edge.name)
        }
        for edge in SandboxFolder.edges { try await waitUntilUp(edge.name) }
    }

    private static var program: String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin"])
            .map { $0 + "/haproxy" }.first { access($0, X_OK) == 0 }
    }

    private func configuration(_ template: String, _ edge: String, _ address: String) -> String {
        let port = "stats socket ipv4@\(address):\(folder.basePort + SandboxFolder.adminPort) level admin"
        let hasPort = folder.hasAdminPort && edge == "edge-2"
        var text =
            template
            .replacingOccurrences(of: "@SANDBOX@", with: folder.home)
            .replacingOccurrences(of: "@ID@", with: folder.id)
            .replacingOccurrences(of: "@EDGE@", with: edge)
            .replacingOccurrences(of: "@ADDRESS@", with: address)
            .replacingOccurrences(of: "@ADMIN@", with: hasPort ? port : "# no admin port")
        for offset in 0..<100 {
            text = text.replacingOccurrences(of: "@P\(offset)@", with: String(folder.basePort + offset))
        }
        return text
    }

    private func write(_ configuration: String, _ edge: String) throws(Failure) {
        let path = "\(folder.haproxyFolder)/\(edge)"
        try saving(path) { () throws(File.Failure) in
            try File.replace(path + ".cfg", with: Array(configuration.utf8))
            try File.replace(path + ".state", with: Array("1\n".utf8))
            try File.replace(path + ".map", with: Array("epoch 0\n".utf8))
        }
    }

    private func start(_ haproxy: String, _ edge: String) throws(Failure) {
        let path = "\(folder.haproxyFolder)/\(edge)"
        let launch = TaskProcess.Launch(
            arguments: [
                haproxy, "-W", "-S", path + ".proc,mode,600", "-f", path + ".cfg", "-p", path + ".pid",
            ], environment: SandboxProcesses(id: folder.id).variables,
            workingDirectory: folder.home, outputFile: "\(folder.home)/log/\(edge).log",
            errorFile: "\(folder.home)/log/\(edge).log")
        do throws(File.Failure) {
            _ = try TaskProcess.spawn(launch)
        } catch {
            throw Failure("\(edge) did not start", details: [error.description])
        }
    }

    private func waitUntilUp(_ edge: String) async throws(Failure) {
        let log = "\(folder.home)/log/\(edge).log"
        let deadline = ContinuousClock.now + .seconds(10)
        guard let address = SocketAddress(folder.socket(of: edge)) else { return }
        while ContinuousClock.now < deadline {
            if let socket = try? await StreamSocket.connect(to: address, deadline: .seconds(1)) {
                socket.close()
                return
            }
            let output = (try? File.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            if output.contains("cannot bind socket") || output.contains("[ALERT]") {
                throw Failure(
                    "\(edge) did not start", at: log, details: output.split(separator: "\n").suffix(3).map(String.init),
                    kind: output.contains("cannot bind socket") ? .transient : .permanent)
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
        throw Failure("\(edge) does not answer on \(address)", at: log)
    }

    private func text(of path: String) throws(Failure) -> String {
        do throws(File.Failure) {
            return String(decoding: try File.read(path), as: UTF8.self)
        } catch {
            throw Failure(error.description, advice: "Run rz in a checkout that holds environments/sandbox.")
        }
    }
}
