import Clusters
import Foundation
import FreePorts
import Migration
import Runbooks
import TLSTesting
import Testing
import Transport

@testable import Gating

/// From environment.yaml to the connection: each place has a server name of its own, which the server sees.
@Suite("The key `tls` of a place reaches its connection", .serialized)
struct PlacesTests {
    @Test(
        "wherever rz calls over HTTP",
        arguments: [
            "marathon", "login", "metronome", "chronos", "compose", "compose-mesos", "mesos", "http-probe",
            "listed-probe", "tcp-probe", "step",
        ])
    func http(place: String) async throws {
        let authority = try TestAuthority()
        let certificate = try authority.issue(PlacesTests.names.map { "DNS:\($0).test" })
        try await TLSServer.with(certificate) { server in
            let project = try TLSProject(server, authority: authority)
            let trusted = try project.environment("tls: { authorities: ca.pem, serverName: PLACE.test }")
            _ = try? await call(place, trusted, project, server)
            #expect(server.log.first == "name \(place).test")
            #expect(!server.requests.isEmpty || place == "tcp-probe")

            // Without the key nothing is sent.
            let before = server.requests.count
            let words = await said { try await call(place, project.environment(""), project, server) }
            #expect(
                words.contains(
                    "the certificate of \(server.address) was issued by an authority that rz does not trust here"))
            #expect(server.requests.count == before)
        }
    }

    @Test("and a place says nothing where the environment says it for all")
    func standard() async throws {
        let authority = try TestAuthority()
        try await TLSServer.with(try authority.issue(["DNS:all.test", "DNS:chronos.test"])) { server in
            let project = try TLSProject(server, authority: authority)
            let all = "tls: { authorities: ca.pem, serverName: all.test }\n"
            for place in ["marathon", "metronome", "compose-mesos", "mesos", "http-probe"] {
                let before = server.requests.count
                _ = try? await call(place, project.environment("", standard: all), project, server)
                #expect(server.requests.count > before, "\(place)")
            }
            // Connections are used again, so there are fewer names than requests.
            #expect(Set(server.log).subtracting(server.requests) == ["name all.test"])
            let own = try project.environment("tls: { serverName: PLACE.test }", standard: all)
            _ = try? await call("chronos", own, project, server)
            #expect(server.log.count { $0 == "name chronos.test" } == 1)
        }
    }

    /// Makes one call; an answer that is of no use is as good as any.
    private func call(
        _ place: String, _ environment: Environment, _ project: TLSProject, _ server: TLSServer
    ) async throws {
        let resolver = project.resolver
        func clusters(_ name: String) throws -> [any Cluster] {
            try environment.services.sources.compactMap { source -> (any Cluster)? in
                switch source {
                case .marathon(let marathon) where (marathon.login != nil) == (name == "login"):
                    try MarathonCluster(marathon, inventory: Inventory(), resolver: resolver)
                case .metronome(let metronome):
                    try MetronomeCluster(metronome, inventory: Inventory(), resolver: resolver) {
                        Instant(milliseconds: 0)
                    }
                case .chronos(let chronos):
                    try ChronosCluster(chronos, inventory: Inventory(), resolver: resolver) { Instant(milliseconds: 0) }
                case .compose(let compose):
                    try ComposeCluster(compose, folder: project.folder, inventory: Inventory(), resolver: resolver)
                default: nil
                }
            }
        }
        switch place {
        case "marathon", "login":
            let marathon = try #require(clusters(place).first { $0 is MarathonCluster })
            _ = try await marathon.observePlatform()
        case "metronome": _ = try await clusters(place).first { $0 is MetronomeCluster }?.observePlatform()
        case "chronos": _ = try await clusters(place).first { $0 is ChronosCluster }?.observePlatform()
        case "compose": _ = try await clusters(place).first { $0 is ComposeCluster }?.observePlatform()
        case "compose-mesos":
            // As a source of its own, over the same client.
            guard case .compose(let compose)? = environment.services.sources.first(where: { $0.name == "compose" }),
                let access = compose.mesos
            else { throw Failure("no Mesos") }
            _ = try await ChronosCluster(access, inventory: Inventory(), resolver: resolver) {
                Instant(milliseconds: 0)
            }
            .observePlatform()
        case "mesos":
            let platform = try #require(environment.platform)
            _ = try await MesosAgentPool(
                platform, master: platform.mesosMaster ?? "", clusters: [], inventory: Inventory(), resolver: resolver
            ).observeAgents()
        case "http-probe", "listed-probe", "tcp-probe":
            let probes = environment.gates.service.probes
            let probe = probes[try #require(["http-probe", "listed-probe", "tcp-probe"].firstIndex(of: place))]
            let runner = ProbeRunner(resolver: resolver) { _, _ throws(Failure) in 0 }
            let sample = await runner.ask(probe, target: server.address, inventory: Inventory(), other: Inventory())
            guard sample.verdict == .pass else { throw Failure(sample.message) }
        default:
            _ = try await RequestCaller(resolver: resolver).call(project.step(environment), inventory: Inventory())
        }
    }

    private func said(_ work: () async throws -> Void) async -> String {
        do { try await work() } catch { return "\(error)" }
        return "nothing"
    }

    static let names = [
        "marathon", "login", "metronome", "chronos", "compose", "compose-mesos", "mesos", "http-probe", "listed-probe",
        "tcp-probe", "step",
    ]
}

/// A project whose places are all one server.
final class TLSProject {
    let folder: String
    private let root: String
    private let server: TLSServer
    private let settings: SettingResolver

    init(_ server: TLSServer, authority: TestAuthority) throws {
        self.server = server
        root = try temporaryFolder()
        folder = root + "/environments/shop"
        try FileManager.default.createDirectory(atPath: folder + "/services", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: root + "/runbooks", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: authority.file, toPath: folder + "/ca.pem")
        try "services: { web: { image: nginx } }\n".write(
            toFile: folder + "/services/shop.yaml", atomically: true, encoding: .utf8)
        settings = SettingResolver(environmentFolder: folder, rzHome: root, variables: [:])
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    var resolver: Resolver { settings.resolver }

    /// - Parameters:
    ///   - tls: at each place, with `PLACE` for its name.
    ///   - standard: at the top.
    func environment(_ tls: String, standard: String = "") throws -> Environment {
        // A probe of a listed server, or of an address, speaks TLS only where it says so.
        let probe = tls.isEmpty ? "tls: {}" : tls
        func at(_ place: String, _ tls: String) -> String {
            tls.isEmpty ? "" : ", " + tls.split(separator: "PLACE").joined(separator: place)
        }
        let text = """
            apiVersion: rz/v1
            name: shop
            \(standard)provision: { static: { command: [x] } }
            platform: { mesos: { master: "\(server.url)"\(at("mesos", tls)) } }
            services:
              sources:
                - marathon: { url: "\(server.url)", group: /a\(at("marathon", tls)) }
                - marathon: { url: "\(server.url)", group: /b, login: "\(server.url)/login", user: u, password: "${file:\(folder)/word}"\(at("login", tls)) }
                - metronome: { url: "\(server.url)"\(at("metronome", tls)) }
                - chronos: { url: "\(server.url)"\(at("chronos", tls)) }
                - compose:
                    { url: "\(server.url)", files: "services/*.yaml"\(at("compose", tls)),
                      mesos: { url: "\(server.url)"\(at("compose-mesos", tls)) } }
            loadBalancers: [ { name: e, haproxy: { socket: "tcp:127.0.0.1:1" } } ]
            traffic: [ { backend: b, servers: { blue: "b-*", green: "g-*" } } ]
            gates:
              service:
                probes:
                  - http: { url: "\(server.url)", path: /up\(at("http-probe", tls)) }
                  - http: { path: /up\(at("listed-probe", probe)) }
                  - tcp: { address: "\(server.address)"\(at("tcp-probe", probe)) }

            """
        try "p".write(toFile: folder + "/word", atomically: true, encoding: .utf8)
        try text.write(toFile: folder + "/environment.yaml", atomically: true, encoding: .utf8)
        return try ProjectFolder(root: root).environment("shop")
    }

    /// A step of a runbook that calls the server, with the rules of the environment's second probe.
    func step(_ environment: Environment) -> HTTPWork {
        var rules = environment.gates.service.probes.last?.tls
        if rules?.serverName != nil { rules?.serverName = "step.test" }
        return HTTPWork(url: Setting(server.url + "/step"), tls: rules)
    }
}
