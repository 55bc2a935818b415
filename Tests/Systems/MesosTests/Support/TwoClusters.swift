import Foundation
import FreePorts
import JSON
import SandboxTesting
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
    private let haproxy = Process()

    /// No server of one color has an address of the other. Mesos itself is at 127.0.0.1 in both.
    private static let address = ["blue": "127.0.0.3", "green": "127.0.0.2"]

    static func with(
        greenResources: String = "cpus:4;mem:2048;disk:5000", _ body: (TwoClusters) async throws -> Void
    ) async throws {
        let agents = [RealMesos.AgentSpecification(), RealMesos.AgentSpecification()]
        let small = agents.map { _ in
            RealMesos.AgentSpecification(attributes: "dc:green", resources: greenResources)
        }
        try await RealMesos.with(agents: agents) { blue in
            try await RealMesos.with(agents: small) { green in
                try await MesosScheduler.with(blue, at: address["blue"]!) { blueMarathon in
                    try await MesosScheduler.with(green, at: address["green"]!) { greenMarathon in
                        let clusters = try TwoClusters(blue, green, blueMarathon, greenMarathon)
                        defer { clusters.tearDown() }
                        try await clusters.begin()
                        try await body(clusters)
                    }
                }
            }
        }
    }

    private init(
        _ blue: RealMesos, _ green: RealMesos, _ blueMarathon: MesosScheduler, _ greenMarathon: MesosScheduler
    ) throws {
        (self.blue, self.green, self.blueMarathon, self.greenMarathon) = (blue, green, blueMarathon, greenMarathon)
        // Short on purpose: the path of a UNIX socket has at most 107 bytes.
        folder = "/tmp/rz-real-\(UInt32.random(in: 0...UInt32.max))"
        frontend = try FreePorts.claim()
        try FileManager.default.createDirectory(
            atPath: folder + "/environments/real", withIntermediateDirectories: true)
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

    private var environment: String {
        func servers(_ color: String, _ mesos: RealMesos, _ marathon: MesosScheduler) -> String {
            let port = marathon.url.split(separator: ":").last ?? ""
            let address = TwoClusters.address[color]!
            let agents = zip(1..., mesos.webPorts).map {
                "{ name: \(color)-agent-\($0), address: \(address), web: \"\($1)\" }"
            }
            return """
                      \(color):
                        control: [ { name: \(color)-control, address: \(address), marathon: "\(port)", mesos: "\(mesos.port)" } ]
                        agents: [ \(agents.joined(separator: ", ")) ]
                """
        }
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
              mesos:
                master: "http://127.0.0.1:{{ control[0].mesos }}"
                version: "1.11.*"
                agents: { atLeast: 2 }
            services:
              sources:
                - marathon: { url: "http://{{ control[0].address }}:{{ control[0].marathon }}" }
              overrides:
                - match: /web/one
                  set: { portDefinitions.0.port: "{{ agents[0].web }}", env.COLOR: green, env.BIND: "{{ agents[0].address }}" }
                - match: /web/two
                  set: { portDefinitions.0.port: "{{ agents[1].web }}", env.COLOR: green, env.BIND: "{{ agents[1].address }}" }
            loadBalancers:
              - name: edge
                haproxy: { socket: "unix:\(folder)/admin.sock", stateFile: { none: "nobody reloads it" } }
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

            """
    }

    // MARK: - rz

    func start(_ arguments: String...) throws -> Program {
        try Program(
            arguments, variables: ["RZ_HOME": folder + "/home", "RZ_ROOT": folder, "NO_COLOR": "1"], folder: folder)
    }

    func rz(_ command: String, _ arguments: String...) async throws -> Program.Ended {
        try await Program(
            [command] + arguments,
            variables: ["RZ_HOME": folder + "/home", "RZ_ROOT": folder, "NO_COLOR": "1"], folder: folder
        ).end()
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

extension RealMesos {
    /// A port of each agent.
    fileprivate var webPorts: [Int] { agents.compactMap(\.taskPorts.first) }
}
