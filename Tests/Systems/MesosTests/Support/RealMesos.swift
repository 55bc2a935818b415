import Clusters
import Foundation
import FreePorts
import Glibc
import Testing
import Transport
import Waiting

/// A real Mesos master and agents, on free ports of loopback, in a folder of their own.
///
/// `RZ_TEST_MESOS` names a folder with `mesos-up` and `bin/mesos-host`, as `scripts/mesos-for-tests` prepares it.
/// Everything goes with the test's process, however that ends: a keeper waits for the end of its standard input.
final class RealMesos {
    static let home = ProcessInfo.processInfo.environment["RZ_TEST_MESOS"] ?? ""
    static let isAbsent = !FileManager.default.isExecutableFile(atPath: home + "/bin/mesos-host")

    /// What one agent has, in the words of Mesos' own settings.
    struct AgentSpecification {
        var attributes = "dc:blue"
        /// Without ports: those are added.
        var resources = "cpus:4;mem:2048;disk:5000"
        var portCount = 4
    }

    let folder: String
    let port: Int
    private(set) var agents: [Agent] = []
    private let keeper: Process
    private var masterSettings: [String: String]
    private let login: Login?

    /// A principal and its secret, without which no one is answered: no operator, no framework.
    struct Login {
        let principal: String
        let secret: String
    }

    struct Agent {
        let name: String
        let port: Int
        let specification: AgentSpecification
        /// The host ports that it offers.
        let taskPorts: [Int]
        var pid: Int32
    }

    private(set) var masterPID: Int32 = 0
    var url: String { "http://127.0.0.1:\(port)" }
    /// As a framework has it, which is told no more than a URL.
    var frameworkURL: String {
        "http://" + (login.map { "\($0.principal):\($0.secret)@" } ?? "") + "127.0.0.1:\(port)"
    }
    var master: MesosMaster {
        MesosMaster(
            url: url, credentials: login.map { .basic(user: $0.principal, password: $0.secret) },
            deadline: .seconds(10))
    }

    /// Runs `body` with a master and these agents, all of them active.
    ///
    /// - Parameter settings: further settings of the master, as `MESOS_…` variables.
    static func with(
        agents: [AgentSpecification] = [AgentSpecification()], settings: [String: String] = [:],
        login: Login? = nil, _ body: (RealMesos) async throws -> Void
    ) async throws {
        let mesos = try RealMesos(settings: settings, login: login)
        do {
            try await mesos.begin(agents)
            try await body(mesos)
        } catch {
            await mesos.tearDown()
            throw error
        }
        await mesos.tearDown()
    }

    private func begin(_ agents: [AgentSpecification]) async throws {
        try await startMaster()
        for specification in agents { try await addAgent(specification) }
        try await eventually("all agents are active") {
            agents.isEmpty
                ? await master.isAlive()
                : try await master.agents().filter(\.isActive).count == agents.count
        }
    }

    private init(settings: [String: String], login: Login?) throws {
        self.login = login
        folder = NSTemporaryDirectory() + "rz-mesos-\(UUID().uuidString.prefix(8))"
        port = try FreePorts.claim()
        masterSettings = [
            "MESOS_AGENT_PING_TIMEOUT": "1secs", "MESOS_MAX_AGENT_PING_TIMEOUTS": "2",
            "MESOS_RECOVERY_AGENT_REMOVAL_LIMIT": "100%",
        ].merging(settings) { _, new in new }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if let login {
            masterSettings["MESOS_CREDENTIALS"] = folder + "/credentials.json"
            for who in ["AGENTS", "HTTP_READONLY", "HTTP_READWRITE", "HTTP_FRAMEWORKS"] {
                masterSettings["MESOS_AUTHENTICATE_\(who)"] = "true"
            }
            masterSettings["MESOS_HTTP_FRAMEWORK_AUTHENTICATORS"] = "basic"
            let credential = #"{"principal":"\#(login.principal)","secret":"\#(login.secret)"}"#
            try #"{"credentials":[\#(credential)]}"#.write(
                toFile: folder + "/credentials.json", atomically: true, encoding: .utf8)
            try credential.write(toFile: folder + "/credential.json", atomically: true, encoding: .utf8)
        }
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/bin", withDestinationPath: RealMesos.home + "/bin")
        keeper = Process()
        keeper.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        keeper.arguments = ["python3", "-c", keeperScript, folder]
        keeper.standardInput = Pipe()
        keeper.standardOutput = Pipe()
        try keeper.run()
    }

    /// Starts the master, or starts it again on what an earlier one remembered.
    func startMaster() async throws {
        masterPID = try await up(
            ["master", "master", "\(port)"], settings: masterSettings, environment: ["REGISTRY": "replicated_log"])
    }

    func killMaster() { kill(masterPID, SIGKILL) }

    func addAgent(_ specification: AgentSpecification) async throws {
        let taskPorts = try FreePorts.claim(specification.portCount)
        let agent = Agent(
            name: "agent-\(agents.count + 1)", port: try FreePorts.claim(), specification: specification,
            taskPorts: taskPorts, pid: 0)
        agents.append(agent)
        try await startAgent(agents.count - 1)
    }

    /// Starts an agent, or starts it again on what an earlier one remembered.
    func startAgent(_ index: Int) async throws {
        let agent = agents[index]
        let ranges = agent.taskPorts.sorted().map { "\($0)-\($0)" }.joined(separator: ",")
        let ports = agent.taskPorts.isEmpty ? "" : ";ports:[\(ranges)]"
        agents[index].pid = try await up(
            [
                "agent", agent.name, "\(agent.port)", "\(port)", agent.specification.attributes,
                agent.specification.resources + ports,
            ],
            settings: ["MESOS_RECOVERY_TIMEOUT": "1mins", "MESOS_EXECUTOR_REREGISTRATION_TIMEOUT": "5secs"].merging(
                login == nil ? [:] : ["MESOS_CREDENTIAL": folder + "/credential.json"]
            ) { old, _ in old },
            environment: ["HOSTNAME_AS": "127.0.0.1"])
    }

    func killAgent(_ index: Int) { kill(agents[index].pid, SIGKILL) }

    /// Stops an agent as a partition of the network would, for the master.
    func pauseAgent(_ index: Int) { kill(agents[index].pid, SIGSTOP) }

    func continueAgent(_ index: Int) { kill(agents[index].pid, SIGCONT) }

    /// Has the keeper run `mesos-up`, and gives the pid of what it started.
    private func up(
        _ arguments: [String], settings: [String: String], environment: [String: String]
    ) async throws -> Int32 {
        let extra = settings.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        let order = Order(
            arguments: [RealMesos.home + "/mesos-up"] + arguments,
            environment: environment.merging(["MESOS_EXTRA": extra]) { _, new in new })
        let input = try #require(keeper.standardInput as? Pipe)
        let output = try #require(keeper.standardOutput as? Pipe)
        let line = try JSONEncoder().encode(order) + [10]
        let (writer, reader) = (input.fileHandleForWriting, output.fileHandleForReading)
        let answer = await blocking {
            try? writer.write(contentsOf: line)
            return firstLine(of: reader)
        }
        return try #require(Int32(answer.trimmingCharacters(in: .whitespacesAndNewlines)), "mesos-up: \(answer)")
    }

    private struct Order: Codable {
        let arguments: [String]
        let environment: [String: String]
    }

    private func tearDown() async {
        (keeper.standardInput as? Pipe)?.fileHandleForWriting.closeFile()
        let keeper = keeper
        await blocking { keeper.waitUntilExit() }
    }
}

/// Does something that blocks on a thread of its own, and not on one that the other tests need.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: body()) }
    }
}

func firstLine(of file: FileHandle) -> String {
    var line: [UInt8] = []
    while let byte = try? file.read(upToCount: 1)?.first, byte != 10 { line.append(byte) }
    return String(decoding: line, as: UTF8.self)
}

/// Starts what it is told to, and at the end of its input ends whatever works in the folder: masters, agents,
/// executors and tasks have it in their environment, or work there.
private let keeperScript = """
    import json, os, shutil, signal, subprocess, sys
    folder = sys.argv[1]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        environment = {**os.environ, "MESOS_HOME": folder, "KEEP": "1", **order["environment"]}
        run = subprocess.run(order["arguments"], env=environment, capture_output=True, text=True)
        print((run.stdout or run.stderr).replace("\\n", " "), flush=True)
    def works_there(pid):
        try:
            if os.readlink(f"/proc/{pid}/cwd").startswith(folder): return True
            return folder.encode() in open(f"/proc/{pid}/environ", "rb").read()
        except OSError: return False
    for _ in range(50):
        pids = [int(n) for n in os.listdir("/proc") if n.isdigit() and int(n) != os.getpid() and works_there(n)]
        if not pids: break
        for pid in pids:
            try: os.kill(pid, signal.SIGKILL)
            except OSError: pass
    shutil.rmtree(folder, ignore_errors=True)
    """

/// Waits until a condition holds; one that can't be asked does not hold.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    try await Waiting.eventually(what, within: limit) { (try? await condition()) == true }
}
