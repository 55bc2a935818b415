import Foundation
import JSON
import SandboxTesting
import Waiting

/// Users whose connections live long, one of each kind at each load balancer.
struct Lives: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case keepalive, h2, websocket, events, upload, raw

        /// Whether what it asks for lasts, so that it is cut where the old color goes away.
        var lasts: Bool { self != .keepalive && self != .h2 }
    }

    struct Moment: Sendable {
        var kind: Kind
        var edge: String
        var port: Int
        var event: String
        /// Who served, or what went wrong.
        var server: String
        /// Milliseconds since 1970.
        var time: Int
        var color: String? { server.firstMatch(of: #/^[a-z]+/(blue|green)-/#).map { String($0.1) } }
    }

    let program: Program
    private let file: String
    private let count: Int

    init(of lab: Lab, _ kinds: [Kind]) throws {
        file = "\(lab.folder)/lives-\(UUID().uuidString)"
        count = kinds.count * lab.design.edges.count
        let edges = lab.design.edges.enumerated().map { "\"\($1)\":[\"127.0.10.\($0 + 1)\",\(lab.ports.users)]" }
        let options = """
            {"edges":{\(edges.joined(separator: ","))},"file":"\(file)",
             "kinds":[\(kinds.map { "\"\($0.rawValue)\"" }.joined(separator: ","))]}
            """
        program = try lab.start(python: "lives.py", [options], executable: Lives.python)
    }

    /// With the libraries h2 and websockets, which scripts/setup puts into .venv-clients.
    private static let environment =
        URL(filePath: #filePath).appending(path: "../../../../../.venv-clients").standardized.path
    private static let python = environment + "/bin/python"
    static let areThere: Bool = {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: environment + "/lib")) ?? []
        return folders.contains { folder in
            ["h2", "websockets"].allSatisfy {
                FileManager.default.fileExists(atPath: "\(environment)/lib/\(folder)/site-packages/\($0)")
            }
        }
    }()

    var moments: [Moment] {
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            guard let json = try? JSON(parsing: String(line)), let kind = json["kind"]?.string.flatMap(Kind.init),
                let edge = json["edge"]?.string, let event = json["event"]?.string, let time = json["time"]?.int
            else { return nil }
            return Moment(
                kind: kind, edge: edge, port: json["port"]?.int ?? 0, event: event,
                server: json["server"]?.string ?? "", time: time)
        }
    }

    func moments(_ event: String, lasting: Bool? = nil) -> [Moment] {
        moments.filter { $0.event == event && (lasting == nil || $0.kind.lasts == lasting) }
    }

    /// Waits until each has been served once.
    func begin() async throws {
        try await eventually("long lives begin: \(program.errors)") { moments("open").count == count }
    }

    /// Has those that last come to their end, and waits until each has come back.
    func comeToEnd() async throws {
        program.signal(SIGUSR1)
        try await comeBack()
    }

    /// Waits until each of those that last has come back after its end.
    func comeBack() async throws {
        try await eventually("they come back: \(moments)") {
            let ends = moments.filter { $0.kind.lasts && ["next", "broken"].contains($0.event) }
            return ends.count >= moments("open", lasting: true).count
        }
    }

    func end() async throws {
        program.signal(SIGTERM)
        _ = try await program.end()
    }
}
