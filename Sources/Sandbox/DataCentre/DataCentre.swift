import Foundation
import JSON
import Migration
import Transport

/// The data centre in a box: builds it on blue, and takes it away without a trace.
public struct DataCentre: Sendable {
    public let folder: SandboxFolder

    public init(_ folder: SandboxFolder) { self.folder = folder }

    // MARK: - Up

    /// Reserves a folder and a block of ports, and starts the load balancers, which hold the ports.
    ///
    /// - Parameter hasAdminPort: whether edge-2 gets an admin port on TCP, too.
    /// - Throws: `Failure` when a sandbox is there already, or HAProxy does not start.
    public static func reserve(
        rzHome: String, root: String, rz: String, python: String, hasAdminPort: Bool = false
    ) async throws(Failure) -> DataCentre {
        let home = SandboxFolder.home(in: rzHome)
        if access(home, F_OK) == 0 {
            throw Failure(
                "There is a sandbox already", at: home, advice: "Use it, or remove it first with: rz sandbox down.",
                kind: .refused)
        }
        // The path of a UNIX socket has at most 107 bytes. HAProxy binds one to its path with `.PID.tmp` behind it.
        guard home.utf8.count <= 107 - "/haproxy/edge-1.sock".utf8.count - ".4194304.tmp".utf8.count else {
            throw Failure(
                "The path of the sandbox is too long for its sockets", at: home, advice: "Set RZ_HOME to a shorter one."
            )
        }
        var last = Failure("No block of a hundred free ports was found between 10000 and 30000")
        for base in stride(from: 10_000, to: 30_000, by: 100).shuffled().prefix(20) {
            let id = UInt64.random(in: 0...UInt64.max)
            let folder = SandboxFolder(
                id: String(id, radix: 16), home: home, root: root, rz: rz, python: python, basePort: base,
                hasAdminPort: hasAdminPort)
            try folder.write()
            do throws(Failure) {
                try await LoadBalancers(folder: folder).start()
                return DataCentre(folder)
            } catch {
                last = error
                _ = try await SandboxProcesses(id: folder.id).end()
                try remove(home)
                guard error.kind == .transient else { throw error }
            }
        }
        throw last
    }

    /// Builds blue: disks, servers, configuration, services, and waits until users are served.
    ///
    /// - Parameter services: a folder with more Marathon apps and jobs of Metronome, JSON files; nil for the sandbox's own only.
    public func build(
        provisioner: any Provisioner, configurator: (any Configurator)?, services: String?, report: Report
    ) async throws(Failure) {
        let color = Color.blue
        await report("data disks")
        try await provisioner.buildDisks(report: report)
        await report("servers of \(color)")
        let inventory = try await provisioner.build(color, report: report)
        await report("configuration of \(inventory.hosts.count) servers")
        if let configurator { _ = try await configurator.configure(color, inventory, report: report) }
        await report("services")
        try await launchServices(in: color, also: services)
        try await waitUntilServed(report)
    }

    private func launchServices(in color: Color, also more: String?) async throws(Failure) {
        var apps: [JSON] = []
        for path in [folder.environmentFolder + "/services", more].compactMap({ $0 }) {
            for name in File.names(in: path) where name.hasSuffix(".json") { apps.append(try app("\(path)/\(name)")) }
        }
        for app in apps {
            let isJob = app["run"] != nil
            let url = isJob ? folder.metronome(color) + "/v0/scheduled-jobs" : folder.marathon(color) + "/v2/apps"
            let request = HTTPRequest(
                .post, url, headers: [HTTPHeader("Content-Type", "application/json")],
                body: Array(app.compact.utf8), deadline: .seconds(10), credentials: try folder.credentials())
            do throws(TransportError) {
                let response = try await HTTPClient.shared.send(request)
                guard response.isSuccess else {
                    throw TransportError(.other, target: app["id"]?.string ?? "", message: response.text)
                }
            } catch {
                throw Failure("The scheduler rejected a service", details: [error.description])
            }
        }
    }

    /// An app whose ports below 100 count from the sandbox's base port.
    private func app(_ path: String) throws(Failure) -> JSON {
        let app: JSON
        do { app = try JSON(parsing: try File.read(path)) } catch { throw Failure("\(error)", at: path) }
        guard var object = app.object, let ports = object["portDefinitions"]?.array else { return app }
        object["portDefinitions"] = .array(
            ports.map { port in
                guard var definition = port.object, let number = definition["port"]?.int, (1..<100).contains(number)
                else {
                    return port
                }
                definition["port"] = .number(JSONNumber(folder.basePort + number))
                return .object(definition)
            })
        return .object(object)
    }

    private func waitUntilServed(_ report: Report) async throws(Failure) {
        let deadline = ContinuousClock.now + .seconds(60)
        var missing = SandboxLoad.paths.flatMap { path in folder.frontends.map { $0.url + path } }
        while ContinuousClock.now < deadline {
            var still: [String] = []
            for url in missing {
                let answer = try? await HTTPClient.shared.send(
                    HTTPRequest(.get, url, deadline: .seconds(2), retry: RetryPolicy.none))
                if answer?.status != 200 { still.append(url) }
            }
            missing = still
            if missing.isEmpty, try await areAllHealthy() { return }
            await report(
                missing.isEmpty
                    ? "health of the services" : "answers, \(missing.count) to come, first \(missing[0])")
            try? await Task.sleep(for: .milliseconds(100))
        }
        throw Failure(
            "The sandbox's services do not answer", details: missing,
            advice: "See \(folder.home)/servers/*/log and the tasks' stderr there.")
    }

    private func areAllHealthy() async throws(Failure) -> Bool {
        let url = folder.marathon(.blue) + "/v2/apps"
        let request = HTTPRequest(.get, url, credentials: try folder.credentials())
        guard let answer = try? await HTTPClient.shared.send(request),
            let apps = try? JSON(parsing: answer.body)["apps"]?.array
        else { return false }
        return apps.allSatisfy { app in
            app["deployments"]?.array?.isEmpty != false && app["tasksRunning"] == app["instances"]
        }
    }

    // MARK: - Down

    /// Ends every process of the sandbox below a home of rz and removes its files; whatever state it is in.
    ///
    /// - Parameter also: further files and folders that belong to it.
    /// - Returns: how many processes were ended; nil when there was no sandbox.
    public static func remove(rzHome: String, also others: [String]) async throws(Failure) -> Int? {
        let home = SandboxFolder.home(in: rzHome)
        let folder = try? SandboxFolder.existing(in: rzHome)
        guard folder != nil || access(home, F_OK) == 0 else {
            for path in others { try remove(path) }
            return nil
        }
        var ended = 0
        if let folder { ended = try await SandboxProcesses(id: folder.id).end() }
        for path in others + [home] { try remove(path) }
        return ended
    }

    private static func remove(_ path: String) throws(Failure) {
        guard access(path, F_OK) == 0 else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw Failure("Can't remove \(path)", details: [error.localizedDescription])
        }
    }
}
