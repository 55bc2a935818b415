import Foundation
import FreePorts
import JSON
import SandboxTesting
import TLSTesting
import Testing
import Transport

/// Blue and green, each a real Mesos with two agents and a scheduler, behind one real HAProxy; blue runs two services.
final class TwoClusters {
    let blue: RealMesos
    let green: RealMesos
    let greenMarathon: MesosScheduler
    private let blueMarathon: MesosScheduler
    private let folder: String
    private let frontend: Int
    /// Where rz comes in by TLS, if it has to.
    private let doors: [Door]
    private let haproxy = Process()

    /// No server of one color has an address of the other. Mesos itself is at 127.0.0.1 in both.
    private static let address = ["blue": "127.0.0.3", "green": "127.0.0.2"]

    /// - Parameter isGuarded: whether Mesos and Marathon are reached by TLS only, each color with an authority of its
    ///   own, and answer only those who say who they are.
    static func with(
        greenResources: String = "cpus:4;mem:2048;disk:5000", isGuarded: Bool = false,
        _ body: (TwoClusters) async throws -> Void
    ) async throws {
        let login = isGuarded ? RealMesos.Login(principal: "rz", secret: secret) : nil
        let agents = [RealMesos.AgentSpecification(), RealMesos.AgentSpecification()]
        let small = agents.map { _ in
            RealMesos.AgentSpecification(attributes: "dc:green", resources: greenResources)
        }
        try await RealMesos.with(agents: agents, login: login) { blue in
            try await RealMesos.with(agents: small, login: login) { green in
                try await MesosScheduler.with(blue, at: address["blue"]!) { blueMarathon in
                    try await MesosScheduler.with(green, at: address["green"]!) { greenMarathon in
                        let clusters = try TwoClusters(blue, green, blueMarathon, greenMarathon, isGuarded: isGuarded)
                        defer { clusters.tearDown() }
                        try await clusters.begin()
                        try await body(clusters)
                    }
                }
            }
        }
    }

    private init(
        _ blue: RealMesos, _ green: RealMesos, _ blueMarathon: MesosScheduler, _ greenMarathon: MesosScheduler,
        isGuarded: Bool
    ) throws {
        (self.blue, self.green, self.blueMarathon, self.greenMarathon) = (blue, green, blueMarathon, greenMarathon)
        // Short on purpose: the path of a UNIX socket has at most 107 bytes.
        folder = "/tmp/rz-real-\(UInt32.random(in: 0...UInt32.max))"
        frontend = try FreePorts.claim()
        try FileManager.default.createDirectory(
            atPath: folder + "/environments/real", withIntermediateDirectories: true)
        doors = try [("blue", blue, blueMarathon), ("green", green, greenMarathon)].flatMap { [folder] in
            try isGuarded ? Door.both(of: $1, $2, at: TwoClusters.address[$0]!, color: $0, in: folder) : []
        }
        try FileManager.default.copyItem(
            atPath: Program.checkout.appending(path: "runbooks").path, toPath: folder + "/runbooks")
        try environment.write(toFile: environmentFile, atomically: true, encoding: .utf8)
        try configuration.write(toFile: folder + "/haproxy.cfg", atomically: true, encoding: .utf8)
    }

    private func begin() async throws {
        for (name, port) in zip(["one", "two"], blue.webPorts) {
            try await blueMarathon.call(.post, "/v2/apps", app("/web/\(name)", port))
            try await blueMarathon.waitUntilReady("/web/\(name)", 1)
        }
        haproxy.executableURL = URL(filePath: "/usr/bin/env")
        haproxy.arguments = ["PATH=/usr/sbin:/usr/bin:/bin", "haproxy", "-db", "-f", folder + "/haproxy.cfg"]
        haproxy.standardOutput = FileHandle.nullDevice
        haproxy.standardError = FileHandle.nullDevice
        try haproxy.run()
        try await eventually("users are served") { await self.ask() == "blue" }
    }

    private func tearDown() {
        if haproxy.isRunning {
            haproxy.terminate()
            haproxy.waitUntilExit()
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A web server that says its color, at its agent's address and, for Mesos' health checks, at 127.0.0.1.
    private func app(_ id: String, _ port: Int) -> JSON {
        [
            "id": .string(id), "cpus": 0.1, "mem": 32,
            "env": ["COLOR": "blue", "BIND": .string(TwoClusters.address["blue"]!)], "requirePorts": true,
            "portDefinitions": [["port": .number(JSONNumber(port))]],
            "cmd": .string(
                "mkdir -p www && printf $COLOR > www/index.html && { python3 -m http.server -d www --bind 127.0.0.1 $PORT0 & } "
                    + "&& exec python3 -m http.server -d www --bind $BIND $PORT0"
            ),
            "healthChecks": [
                ["protocol": "HTTP", "path": "/", "portIndex": 0, "intervalSeconds": 1, "gracePeriodSeconds": 60]
            ],
        ]
    }

    // MARK: - Files

    private var environmentFile: String { folder + "/environments/real/environment.yaml" }

    func edit(replacing old: String, with new: String) throws {
        let text = try String(contentsOfFile: environmentFile, encoding: .utf8)
        try #require(text.contains(old))
        try text.replacing(old, with: new).write(toFile: environmentFile, atomically: true, encoding: .utf8)
    }

    /// Has rz trust another authority for a color's Mesos and Marathon.
    func trust(_ authority: TestAuthority, for color: String) throws {
        try Data(contentsOf: URL(filePath: authority.file)).write(to: URL(filePath: "\(folder)/\(color)-control.pem"))
    }

    private var environment: String {
        func servers(_ color: String, _ mesos: RealMesos, _ marathon: MesosScheduler) -> String {
            func port(_ url: String) -> String {
                doors.first { $0.url == url }.map { "\($0.port)" } ?? "\(url.split(separator: ":").last ?? "")"
            }
            let address = TwoClusters.address[color]!
            let agents = zip(1..., mesos.webPorts).map {
                "{ name: \(color)-agent-\($0), address: \(address), web: \"\($1)\" }"
            }
            return """
                      \(color):
                        control: [ { name: \(color)-control, address: \(address), marathon: "\(port(marathon.url))", mesos: "\(port(mesos.url))" } ]
                        agents: [ \(agents.joined(separator: ", ")) ]
                """
        }
        let scheme = doors.isEmpty ? "http" : "https"
        let access =
            doors.isEmpty
            ? ""
            : #", user: rz, password: "${env:MESOS_SECRET}", tls: { authorities: "\#(folder)/{{ control[0].name }}.pem" }"#
        return """
            apiVersion: rz/v1
            name: real
            runbook: rz-update
            git: { requireClean: false, requireSigned: false }
            provision:
              static:
                servers:
            \(servers("blue", blue, blueMarathon))
            \(servers("green", green, greenMarathon))
            platform:
              mesos: { master: "\(scheme)://127.0.0.1:{{ control[0].mesos }}", version: "1.11.*", agents: { atLeast: 2 }\(access) }
            services:
              sources:
                - marathon: { url: "\(scheme)://{{ control[0].address }}:{{ control[0].marathon }}"\(access) }
              overrides:
                - match: /web/one
                  set: { portDefinitions.0.port: "{{ agents[0].web }}", env.COLOR: green, env.BIND: "{{ agents[0].address }}" }
                - match: /web/two
                  set: { portDefinitions.0.port: "{{ agents[1].web }}", env.COLOR: green, env.BIND: "{{ agents[1].address }}" }
            loadBalancers:
              - name: edge
                haproxy: { socket: "unix:\(folder)/admin.sock", stateFile: { none: "nobody reloads it" } }
            ignoreBackends: [ { backend: "*-marathon", reason: "a door of its own color" } ]
            traffic:
              - backend: be_web
                servers: { blue: "blue-*", green: "green-*" }
            gates:
              service: { healthy: { for: 1s } }
              cutOver:
                steps: [ { share: 50%, bake: 1s }, { share: 100%, bake: 1s } ]
                analysis: [ { loadBalancers: { errorRate: { max: 1% }, whenIdle: ignore } } ]
            drain: { quiet: 1s, deadline: 60s, atDeadline: hold }
            soak: 1s
            approvals: { cutOver: 0, tearDown: { waived: "a test" } }

            """
    }

    private var configuration: String {
        func lines(_ color: String, _ ports: [Int], weight: Int) -> [String] {
            zip(1..., ports).map { "    server \(color)-\($0) \(TwoClusters.address[color]!):\($1) weight \(weight)" }
        }
        let servers = lines("blue", blue.webPorts, weight: 100) + lines("green", green.webPorts, weight: 0)
        return """
            global
                stats socket \(folder)/admin.sock mode 600 level admin
            defaults
                mode http
                timeout connect 2s
                timeout client 10s
                timeout server 10s
                timeout queue 10s
                retries 3
                option redispatch
            frontend users
                bind 127.0.0.1:\(frontend)
                default_backend be_web
            backend be_web
                option httpchk GET /
                default-server check inter 200ms fall 2 rise 1
            \(servers.joined(separator: "\n"))
            userlist operators
                user rz insecure-password \(TwoClusters.secret)
            \(doors.map(\.configuration).joined(separator: "\n"))

            """
    }

    // MARK: - rz

    static let secret = "wren-4711"
    /// What rz says to Mesos and Marathon.
    var secret = TwoClusters.secret

    private var variables: [String: String] {
        [
            "RZ_HOME": folder + "/home", "RZ_ROOT": folder, "NO_COLOR": "1", "MESOS_SECRET": secret,
        ]
    }

    func start(_ arguments: String...) throws -> Program {
        try Program(arguments, variables: variables, folder: folder)
    }

    func rz(_ command: String, _ arguments: String...) async throws -> Program.Ended {
        try await Program([command] + arguments, variables: variables, folder: folder).end()
    }

    // MARK: - Users

    /// The color that answers.
    private func ask() async -> String? {
        let request = HTTPRequest(.get, "http://127.0.0.1:\(frontend)/", deadline: .seconds(10))
        guard let answer = try? await HTTPClient.shared.send(request), answer.isSuccess else { return nil }
        return answer.text
    }

    /// Somebody who asks one request after the other.
    func users() -> Users {
        let url = "http://127.0.0.1:\(frontend)/"
        return Users(
            task: Task {
                var asked = Asked()
                while !Task.isCancelled {
                    do {
                        let answer = try await HTTPClient.shared.send(HTTPRequest(.get, url, deadline: .seconds(10)))
                        if answer.isSuccess { asked.answered[answer.text, default: 0] += 1 }
                        if !answer.isSuccess { asked.failed.append("\(answer.status)") }
                    } catch {
                        if !Task.isCancelled { asked.failed.append("\(error)") }
                    }
                }
                return asked
            })
    }

    struct Asked: Sendable {
        var answered: [String: Int] = [:]
        var failed: [String] = []
    }

    struct Users {
        fileprivate let task: Task<Asked, Never>

        func end() async throws -> Asked {
            task.cancel()
            return await task.value
        }
    }
}

/// A port at which HAProxy speaks TLS for a server that does not.
private struct Door {
    /// The server's.
    let url: String
    let port: Int
    let configuration: String

    /// The doors of a color's Mesos, which asks itself who comes, and of its Marathon, for which HAProxy asks. Their
    /// authority is in the folder, named for the server of both.
    static func both(
        of mesos: RealMesos, _ marathon: MesosScheduler, at address: String, color: String, in folder: String
    ) throws -> [Door] {
        let authority = try TestAuthority("Authority of \(color)")
        try FileManager.default.copyItem(atPath: authority.file, toPath: "\(folder)/\(color)-control.pem")
        let certificate = try authority.issue(["IP:127.0.0.1", "IP:\(address)"])
        let file = "\(folder)/\(color)-door.pem"
        try (certificate.text + certificate.keyText).write(toFile: file, atomically: true, encoding: .utf8)
        return [
            try Door("\(color)-mesos", at: "127.0.0.1", to: mesos.url, file),
            try Door("\(color)-marathon", at: address, to: marathon.url, file, asksWho: true),
        ]
    }

    private init(_ name: String, at address: String, to url: String, _ file: String, asksWho: Bool = false) throws {
        self.url = url
        port = try FreePorts.claim()
        configuration = """
            frontend \(name)
                bind \(address):\(port) ssl crt \(file)
                \(asksWho ? "http-request auth realm marathon unless { http_auth(operators) }" : "")
                default_backend \(name)
            backend \(name)
                server it \(url.dropFirst("http://".count))
            """
    }
}

extension RealMesos {
    /// A port of each agent.
    fileprivate var webPorts: [Int] { agents.compactMap(\.taskPorts.first) }
}
