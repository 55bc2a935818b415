import Foundation
import Migration
import SandboxTesting
import Waiting

/// Users of a lab, and what became of each of their requests.
struct Users: Sendable {
    /// Who asks.
    struct Kind: Sendable {
        var rate = Effort.rate
        var timeout = 5.0
        /// So many users who keep a cookie each, or have an address each.
        var cookies = 0
        var sources = 0
        /// So many requests at once, and no more.
        var once = 0
        var query = ""
        /// Which of the lab's load balancers they use.
        var edges: [String]?
    }

    struct Request: Sendable {
        /// Milliseconds since 1970.
        var began: Int64
        var ended: Int64
        var edge: String
        var service: String
        /// 0 without an answer.
        var status: Int
        /// The server that answered, `haproxy`, or what went wrong.
        var note: String
        var isFailed: Bool { !(200..<400).contains(status) }
        var color: String? { note.firstMatch(of: #/^[a-z]+/(blue|green)-/#).map { String($0.1) } }
    }

    let program: Program
    private let file: String
    /// By the number of its URL.
    private let urls: [(edge: String, service: String)]

    init(of lab: Lab, _ kind: Kind) throws {
        let edges = kind.edges ?? lab.design.edges
        let urls = edges.flatMap { edge in lab.design.services.map { (edge: edge, service: $0) } }
        file = "\(lab.folder)/users-\(UUID().uuidString)"
        self.urls = urls
        let addresses = urls.map { "\"\(lab.url(of: $0.edge, $0.service))\(kind.query)\"" }.joined(separator: ",")
        let options = """
            {"urls":[\(addresses)],"rate":\(kind.rate),"timeout":\(kind.timeout),"seed":\(Effort.seed),
             "file":"\(file)","cookies":\(kind.cookies),"sources":\(kind.sources),"once":\(kind.once)}
            """
        program = try lab.start(python: "users.py", [options])
    }

    var requests: [Request] {
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count == 5, let began = Int64(fields[0]), let ended = Int64(fields[1]),
                let url = Int(fields[2]), let status = Int(fields[3])
            else { return nil }
            return Request(
                began: began, ended: ended, edge: urls[url].edge, service: urls[url].service, status: status,
                note: String(fields[4]))
        }
    }

    /// Cheaper than to read them all: each is a line of 72 bytes.
    var count: Int {
        let size = (try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int
        return (size ?? 0) / 72
    }

    /// Waits until so many requests have been answered from now on, or have failed.
    func goOn(for count: Int) async throws {
        let goal = self.count + count
        try await eventually("users made \(count) more requests", within: .seconds(300)) {
            self.count >= goal || !program.isRunning
        }
    }

    /// Waits until everyone who asks is done, as a user of `once` is some day.
    @discardableResult
    func end() async throws -> [Request] {
        program.signal(SIGTERM)
        _ = try await program.end()
        return requests
    }
}

extension [Users.Request] {
    var failed: Self { filter(\.isFailed) }

    func began(after time: Instant) -> Self { filter { $0.began > time.milliseconds } }

    /// What they were told, counted, for messages of tests.
    var summary: String {
        var counts: [String: Int] = [:]
        for request in self {
            counts["\(request.edge)/\(request.service) \(request.status) \(request.note)", default: 0] += 1
        }
        return "\(failed.count) of \(count) failed: "
            + counts.sorted { $0.key < $1.key }.map { "\($0.key) × \($0.value)" }.joined(separator: ", ")
    }
}
