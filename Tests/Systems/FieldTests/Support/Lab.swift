import Foundation
import FreePorts
import Glibc
import JSON
import Migration
import SandboxTesting
import Transport
import Waiting

/// Two real load balancers before servers of two colors that fail as they are told, an rz that moves users from blue to
/// green within seconds, and users of whom each request is counted.
struct Lab: Sendable {
    let folder: String
    let design: LabDesign
    let ports: Ports
    private let keeper: FolderKeeper
    private let programs = Programs()

    struct Ports: Sendable {
        var users: Int
        var epoch: Int
        var marathon: Int
        var control: Int
        var services: [String: Int]
    }

    /// Labs at a time: most of their time they wait.
    private static let slots = Slots(4)

    /// Builds a lab, hands it over, and takes it away whatever happens.
    static func with<Value>(
        _ design: LabDesign = LabDesign(), _ test: (Lab) async throws -> Value
    ) async throws -> Value {
        await slots.take()
        let outcome: Result<Value, any Error>
        do {
            let lab = try Lab(design)
            defer { lab.keeper.end() }
            do {
                try await lab.build()
                outcome = .success(try await test(lab))
            } catch {
                outcome = .failure(error)
            }
        } catch {
            outcome = .failure(error)
        }
        await slots.give()
        return try outcome.get()
    }

    private init(_ design: LabDesign) throws {
        self.design = design
        // Short on purpose: the path of a UNIX socket has at most 107 bytes.
        folder = "/tmp/rz-lab-\(UInt32.random(in: 0...UInt32.max))"
        let claimed = try FreePorts.claim(4 + design.services.count)
        ports = Ports(
            users: claimed[0], epoch: claimed[1], marathon: claimed[2], control: claimed[3],
            services: Dictionary(uniqueKeysWithValues: zip(design.services, claimed.dropFirst(4))))
        keeper = try FolderKeeper(folder: folder)
    }

    private func build() async throws {
        for name in ["home", "root/environments/lab", "root/runbooks"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        try write(environmentYAML, to: "root/environments/lab/environment.yaml")
        try write(runbookYAML, to: "root/runbooks/lab.yaml")
        try write(serversJSON, to: "servers.json")
        _ = try start(python: "servers.py", ["\(ports.control)"], input: folder + "/servers.json")
        for color in ["blue", "green"] { try startScheduler(of: color) }
        for edge in design.edges {
            try write("1\n", to: "\(edge).state")
            try write("epoch 0\nepoch-lab 0\n", to: "\(edge).map")
            try configure(edge)
        }
        try await eventually("the servers listen") { try await set("*", "ok", mayFail: true) }
        for edge in design.edges { try startLoadBalancer(edge) }
        for edge in design.edges {
            try await eventually("\(edge) serves users") { try await answers(of: edge) }
        }
        try await launchService()
    }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }

    // MARK: - Programs

    private static let support = URL(filePath: #filePath).deletingLastPathComponent().path
    private static let python =
        FileManager.default.isExecutableFile(atPath: "/usr/bin/python3") ? "/usr/bin/python3" : "python3"

    var variables: [String: String] {
        ["RZ_HOME": folder + "/home", "RZ_ROOT": folder + "/root", "NO_COLOR": "1"]
    }

    func start(
        python script: String, _ arguments: [String], input: String = "/dev/null", executable: String = Lab.python
    ) throws -> Program {
        programs.keep(
            try Program(
                ["\(Lab.support)/\(script)"] + arguments, variables: variables, folder: folder,
                executable: executable, input: input))
    }

    /// Starts rz.
    func start(_ arguments: String..., variables more: [String: String] = [:]) throws -> Program {
        programs.keep(try Program(arguments, variables: variables.merging(more) { $1 }, folder: folder))
    }

    @discardableResult
    func run(_ arguments: String..., variables more: [String: String] = [:]) async throws -> Program.Ended {
        try await Program(arguments, variables: variables.merging(more) { $1 }, folder: folder).end()
    }

    /// Whether this rz knows the key `haproxy.master`: it may be one of before that.
    static let knowsMasterSockets: Bool = {
        let process = Process()
        process.executableURL = Program.rz
        process.arguments = ["schema", "environment"]
        let pipe = Pipe()
        process.standardOutput = pipe
        guard (try? process.run()) != nil else { return false }
        let schema = try? JSON(
            parsing: String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
        let haproxy = schema?["properties"]?["loadBalancers"]?["items"]?["properties"]?["haproxy"]
        return haproxy?["properties"]?["master"] != nil
    }()

    // MARK: - Services

    private func startScheduler(of color: String) throws {
        let agent = "\(folder)/agents/\(color)-1"
        try FileManager.default.createDirectory(atPath: agent + "/etc", withIntermediateDirectories: true)
        try write("{\"color\": \"\(color)\"}", to: "agents/\(color)-1/server.json")
        try write(
            """
            {"hostname": "\(address(color, 1))", "resources": {"cpus": 4, "mem": 4096, "disk": 100, "ports": "31000-31100"}}
            """, to: "agents/\(color)-1/etc/agent.json")
        try write(schedulerJSON(color), to: "\(color)-scheduler.json")
        _ = try start("sandbox", "scheduler", "--config", "\(folder)/\(color)-scheduler.json")
    }

    private func launchService() async throws {
        let base = "http://\(address("blue", 200)):\(ports.marathon)"
        let definition = """
            {"id": "/service", "cmd": "exec sleep 100000", "instances": \(design.instances), "cpus": 0.1, "mem": 16}
            """
        try await eventually("blue's scheduler launches the service") {
            let answer = try? await HTTPClient.shared.send(
                HTTPRequest(
                    .post, base + "/v2/apps", headers: [HTTPHeader("Content-Type", "application/json")],
                    body: Array(definition.utf8)))
            return answer.map { $0.status == 201 || $0.status == 409 } ?? false
        }
        try await eventually("the service runs on blue") {
            let answer = try await HTTPClient.shared.send(HTTPRequest(.get, base + "/v2/apps//service"))
            let app = try JSON(parsing: String(decoding: answer.body, as: UTF8.self))["app"]
            return app?["tasksRunning"]?.int == design.instances && app?["deployments"]?.array?.isEmpty == true
        }
    }

    // MARK: - Servers

    /// Tells servers how to behave.
    ///
    /// - Parameters:
    ///   - servers: a pattern of `service/color-number`.
    ///   - mode: see servers.py.
    @discardableResult
    func set(_ servers: String, _ mode: String, mayFail: Bool = false) async throws -> Bool {
        let answer = try? await HTTPClient.shared.send(HTTPRequest(.get, control(servers, mode)))
        let count =
            answer.flatMap {
                Int(String(decoding: $0.body, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
            } ?? 0
        try require(mayFail || count > 0, "no server is called \(servers)")
        return count > 0
    }

    // MARK: - Load balancers

    func socket(of edge: String) -> String { "\(folder)/\(edge).sock" }
    func masterSocket(of edge: String) -> String { "\(folder)/\(edge)-master.sock" }
    func stateFile(of edge: String) -> String { "\(folder)/\(edge).state" }
    func epochMap(of edge: String) -> String { "\(folder)/\(edge).map" }

    func url(of edge: String, _ service: String) -> String {
        "http://127.0.10.\((design.edges.firstIndex(of: edge) ?? 0) + 1):\(ports.users)/\(service)"
    }

    /// Writes its configuration.
    private func configure(_ edge: String) throws { try write(configuration(of: edge), to: "\(edge).cfg") }

    private func startLoadBalancer(_ edge: String) throws {
        _ = programs.keep(
            try Program(
                ["-W", "-f", "\(folder)/\(edge).cfg", "-p", "\(folder)/\(edge).pid", "-S", masterSocket(of: edge)],
                variables: variables, folder: folder, executable: Effort.haproxy))
    }

    private func answers(of edge: String) async throws -> Bool {
        guard try await ask(edge, "show info").contains("Pid:") else { return false }
        return try await !serverStates(on: edge).contains { server in
            server.administration == 0 && server.operation != 2
                && design.services.contains { "be_\($0)" == server.backend }
        }
    }

    func ask(_ edge: String, _ command: String) async throws -> String {
        (try? await askHAProxy("unix:\(socket(of: edge))", command)) ?? ""
    }

    /// Pid of the process that answers now.
    func worker(of edge: String) async throws -> Int32? {
        let line = try await ask(edge, "show info").split(separator: "\n").first { $0.hasPrefix("Pid:") }
        return line.flatMap { Int32($0.dropFirst(4).trimmingCharacters(in: .whitespaces)) }
    }

    /// Reloads a load balancer as an operator does, and waits until the new process answers.
    func reload(_ edge: String) async throws {
        let before = try await worker(of: edge)
        let text = try String(contentsOfFile: "\(folder)/\(edge).pid", encoding: .utf8)
        let pid = try require(
            Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), "\(edge) has no pid")
        try require(kill(pid, SIGUSR2) == 0, "\(edge) can't be reloaded")
        try await eventually("\(edge) has reloaded") {
            let now = try await worker(of: edge)
            return now != nil && now != before
        }
    }

    struct Server: Sendable {
        var backend: String
        var name: String
        /// `srv_op_state`: 2 running.
        var operation: Int
        /// `srv_admin_state`: 0 ready.
        var administration: Int
        /// `srv_uweight`.
        var weight: Int
        var color: String { name.hasPrefix("blue") ? "blue" : "green" }
    }

    /// What a load balancer says of its servers, asked without rz (management guide of HAProxy, `show servers state`).
    func serverStates(on edge: String) async throws -> [Server] {
        try await ask(edge, "show servers state").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ").map(String.init)
            guard fields.count > 7, let operation = Int(fields[5]), let administration = Int(fields[6]),
                let weight = Int(fields[7])
            else { return nil }
            return Server(
                backend: fields[1], name: fields[3], operation: operation, administration: administration,
                weight: weight)
        }
    }

    /// `be_web/blue-1` → weight.
    func weights(on edge: String) async throws -> [String: Int] {
        Dictionary(
            try await serverStates(on: edge).map { ("\($0.backend)/\($0.name)", $0.weight) }, uniquingKeysWith: { $1 })
    }

    // MARK: - Users

    func users(_ kind: Users.Kind = Users.Kind()) throws -> Users { try Users(of: self, kind) }

    /// Which colors answer users now, on every load balancer and service: `none` for a request that failed.
    func answering(_ count: Int = 20) async throws -> Set<String> {
        var kind = Users.Kind()
        kind.once = count * design.edges.count * design.services.count
        let users = try users(kind)
        _ = try await users.program.end()
        return Set(users.requests.map { $0.isFailed ? "none" : $0.color ?? "none" })
    }
}

/// Programs of a lab, which live as long as it does.
///
/// Sendable: guarded by `lock`.
private final class Programs: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [Program] = []

    func keep(_ program: Program) -> Program {
        lock.withLock { all.append(program) }
        return program
    }
}
