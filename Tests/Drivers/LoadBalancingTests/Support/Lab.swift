import Foundation
import FreePorts
import HAProxyPrograms
import LoadBalancing
import Migration
import Transport
import Waiting

/// A real HAProxy and the web servers behind it.
struct Lab {
    let folder: String
    let tcpPort: Int
    /// Web servers that answer 200, or what the path says: `/500`, `/empty`, `/slow`.
    let webPorts: [Int]
    /// A port where nothing listens.
    let closedPort: Int

    var admin: String { "unix:\(folder)/admin.sock" }
    var user: String { "unix:\(folder)/user.sock" }
    var `operator`: String { "unix:\(folder)/operator.sock" }
    var tcp: String { "tcp:127.0.0.1:\(tcpPort)" }
    var stateFile: String { "\(folder)/server.state" }
    /// Only with HAProxy 3.0 or later.
    var statsFile: String { "\(folder)/stats" }
    var epochMap: String { "\(folder)/epoch.map" }
    var configuration: String { "\(folder)/haproxy.cfg" }
    /// Its entry `active` names the backend of requests for `/switched/…`.
    var switchMap: String { "\(folder)/active.map" }
    /// Only with a master.
    var master: String { "unix:\(folder)/master.sock" }

    func driver(
        _ socket: String? = nil, stateFile: String? = nil, epochMap: String? = nil, master: String? = nil,
        configuration: String? = nil, rules: [TrafficRule] = [], owner: EpochOwner = testOwner
    ) -> HAProxyRuntime {
        HAProxyRuntime(
            "edge-1",
            .init(
                socket: Setting(socket ?? admin), stateFile: stateFile.map { Setting($0) },
                configuration: configuration.map { Setting($0) },
                epochMap: epochMap.map { Setting($0) }, master: master.map { Setting($0) }), rules: rules, owner: owner,
            resolver: literal)
    }

    /// Begins a request that the server answers when the test is over, and waits until HAProxy has sent it on.
    func holdSession(
        _ path: String, at server: String, in backend: String? = nil, _ driver: HAProxyRuntime? = nil
    ) async throws -> StreamSocket {
        let socket = try await StreamSocket.connect(to: .unix(path: folder + "/http.sock"))
        try await socket.write(Array("GET /\(path)/held HTTP/1.1\r\nHost: lab\r\n\r\n".utf8))
        let driver = driver ?? self.driver()
        try await eventually("the session") {
            try await driver.observe().backends[backend ?? path]?.servers.first { $0.name == server }?.counters.sessions
                == 1
        }
        return socket
    }

    /// Gives HAProxy a command, as a person does, and returns what it says.
    @discardableResult
    func tell(_ command: String, throughMaster: Bool = false) async throws -> String {
        let path = folder + (throughMaster ? "/master.sock" : "/admin.sock")
        let socket = try await StreamSocket.connect(to: .unix(path: path))
        defer { socket.close() }
        try await socket.write(Array((command + "\n").utf8))
        // A master ends the connection only when no more comes.
        if throughMaster { socket.endWriting() }
        var answer: [UInt8] = []
        while true {
            let piece = try await socket.read()
            if piece.isEmpty { return String(decoding: answer, as: UTF8.self) }
            answer += piece
        }
    }

    /// Makes one request through HAProxy to a backend, and tells the status.
    func get(_ backend: String, _ path: String = "/") async throws -> Int {
        try await HTTPClient.shared.send(
            HTTPRequest(
                .get, "http://lab/\(backend)\(path)", unixSocket: "\(folder)/http.sock",
                retry: RetryPolicy.none)
        ).status
    }

    func reload() async throws {
        let loads = {
            try String(contentsOfFile: folder + "/haproxy.log", encoding: .utf8).components(
                separatedBy: "Loading success"
            ).count - 1
        }
        guard let master = Int32(try String(contentsOfFile: folder + "/haproxy.pid", encoding: .utf8).firstWord) else {
            throw PeerError("no process id of HAProxy")
        }
        // The worker answers before the master has said that it loaded, and a master that is not there yet loses signals.
        try await eventually("the first load") { try loads() > 0 }
        let before = try loads()
        var asked = ContinuousClock.now - .seconds(60)
        try await eventually("the reload") {
            if ContinuousClock.now - asked > .seconds(2) {
                kill(master, SIGUSR2)
                asked = .now
            }
            return try loads() > before
        }
        try await eventually("the old processes to take no one in") { try await listeningOldProcesses().isEmpty }
    }

    /// The old processes that share the sockets still: a new one answers before an old one has heard that it is to stop.
    private func listeningOldProcesses() async throws -> [Int] {
        var listening: [Int] = []
        for pid in try await driver(master: master).observe().oldWorkers ?? [] {
            let answer = try await tell("@!\(pid) show info", throughMaster: true)
            if answer.contains("\nStopping: 0") { listening.append(pid) }
        }
        return listening
    }
}

let testOwner = EpochOwner(environment: "shop", id: "me")

let literal: Resolver = { setting throws(Failure) in setting.text }

extension String {
    fileprivate var firstWord: Substring { prefix { $0.isNumber } }
}

/// Runs a test with a HAProxy of its own, which is gone afterwards.
func withHAProxy(
    _ program: HAProxyProgram, masterWorker: Bool = false, keepsStatistics: Bool = false, _ backends: (Lab) -> String,
    _ body: (Lab) async throws -> Void
) async throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let ports = try FreePorts.claim(4)
    let web = try await Peer(webServers, ports[0..<2].map { "\($0)" })
    defer { web.stop() }
    let lab = Lab(folder: folder, tcpPort: ports[2], webPorts: Array(ports[0..<2]), closedPort: ports[3])
    try lab.configuration(backends(lab), masterWorker, keepsStatistics).write(
        toFile: folder + "/haproxy.cfg", atomically: true, encoding: .utf8)
    try "1\n".write(toFile: lab.stateFile, atomically: true, encoding: .utf8)
    try "# who is live\nactive blue\n".write(toFile: lab.switchMap, atomically: true, encoding: .utf8)
    try "".write(toFile: lab.statsFile, atomically: true, encoding: .utf8)
    try "epoch 0\n".write(toFile: lab.epochMap, atomically: true, encoding: .utf8)
    let haproxy = try await Peer(
        supervisor, [folder + "/haproxy.log"] + haproxyCommand(program, folder, masterWorker))
    defer { haproxy.stop() }
    try await eventually("HAProxy to answer") {
        let log = (try? String(contentsOfFile: folder + "/haproxy.log", encoding: .utf8)) ?? ""
        if log.contains("Fatal errors found") || log.contains("cannot bind") { throw PeerError(log) }
        // A master hears no signals before it has said so.
        guard !masterWorker || log.contains("Loading success") else { return false }
        // A master begins again with what it has once its worker runs, and only then shows its processes.
        let state = try? await lab.driver(master: masterWorker ? lab.master : nil).observe()
        return state != nil && (!masterWorker || state?.oldWorkers != nil)
    }
    try await body(lab)
}

private func haproxyCommand(_ program: HAProxyProgram, _ folder: String, _ masterWorker: Bool) -> [String] {
    [program.path, "-f", folder + "/haproxy.cfg"]
        + (masterWorker ? ["-W", "-S", folder + "/master.sock", "-p", folder + "/haproxy.pid"] : ["-db"])
}

extension Lab {
    fileprivate func configuration(_ backends: String, _ masterWorker: Bool, _ keepsStatistics: Bool) -> String {
        """
        global
            maxconn 500
            nbthread 1
            \(masterWorker ? "master-worker" : "")
            \(keepsStatistics ? "stats-file \(statsFile)" : "")
            stats socket unix@\(folder)/admin.sock mode 600 level admin expose-fd listeners
            stats socket unix@\(folder)/operator.sock mode 600 level operator
            stats socket unix@\(folder)/user.sock mode 600 level user
            stats socket ipv4@127.0.0.1:\(tcpPort) level admin
            server-state-file \(stateFile)
        defaults
            mode http
            timeout connect 1s
            timeout client 10s
            timeout server 60s
            timeout queue 1s
            retries 1
            load-server-state-from-file global
        frontend users
            bind unix@\(folder)/http.sock
            http-request set-var(txn.epoch) str(epoch),map_str(\(epochMap),0)
            use_backend be_%[str(active),map_str(\(switchMap))] if { path_beg /switched/ }
            use_backend %[path,field(2,/)]
        \(backends)

        """
    }
}

let supervisor = """
    log = open(sys.argv[1], "wb")
    child = subprocess.Popen(sys.argv[2:], start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    def end():
        try: os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError: pass
        child.wait()
    announce_until_test_ends(child.pid, end)
    """

/// Answers 200, or what the path says.
private let webServers = """
    import http.server, select
    class Handler(http.server.BaseHTTPRequestHandler):
        disable_nagle_algorithm = True
        protocol_version = "HTTP/1.1"
        def do_GET(self):
            if self.path.endswith("/empty"):
                self.close_connection = True
                return
            if self.path.endswith("/second-closes") and self.server.server_address[1] == int(sys.argv[2]):
                self.close_connection = True
                return
            # Until the client leaves, or for so long.
            if self.path.endswith("/slow"): select.select([self.connection], [], [], 5)
            if self.path.endswith("/held"): select.select([self.connection], [], [], 600)
            last = self.path.rsplit("/", 1)[1]
            self.send_response(int(last) if last.isdigit() else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()
        def log_message(self, *arguments): pass
    # On a busy machine checks come faster than they are accepted.
    http.server.ThreadingHTTPServer.request_queue_size = 1024
    for port in sys.argv[1:]:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    announce_until_test_ends("ready")
    """
