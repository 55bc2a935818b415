import JSON
import Migration
import Transport
import Trust

/// The masters of one Mesos cluster, reached through any of them.
///
/// A master that does not lead answers with a redirect (307) to the one that does; it is followed with method, body
/// and credentials to a server of the color, as all masters of a cluster know them.
///
/// Source: Apache Mesos 1.11, docs/endpoints, docs/operator-http-api.
public struct MesosMaster: Sendable {
    /// Which end of the tasks comes first, by the time of their first status.
    public enum Order: String, Sendable { case oldestFirst = "asc", newestFirst = "des" }

    let url: String
    let credentials: Credentials?
    let tls: TLSAccess
    let reach: Reach
    /// For one call, the reading of its answer included.
    let deadline: Duration

    public init(
        url: String, credentials: Credentials? = nil, tls: TLSAccess? = nil, reach: Reach? = nil,
        deadline: Duration = .seconds(30)
    ) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.credentials = credentials
        self.tls = tls ?? MesosMaster.access(nil)
        self.reach = reach ?? Reach(Inventory(), resolver: { $0.text })
        self.deadline = deadline
    }

    /// - Parameter key: what holds `url` in environment.yaml.
    /// - Throws: `Failure` when the URL refers to a server that the inventory does not have, or a setting is missing.
    init(
        _ access: ServiceSource.Access, at key: String, inventory: Inventory, resolver: @escaping Resolver,
        proxy: ProxyRules?
    ) throws(Failure) {
        let client = try FrameworkClient(
            "Mesos", access, at: key, inventory: inventory, resolver: resolver, proxy: proxy)
        self.init(url: client.url, credentials: client.credentials, tls: client.tls, reach: client.reach)
    }

    /// How `platform.mesos` says that it is called over TLS.
    static func access(
        _ rules: TLSRules?, inventory: Inventory = Inventory(), resolver: @escaping Resolver = { $0.text }
    ) -> TLSAccess {
        TLSAccess(rules, at: "platform.mesos", inventory: inventory, resolver: resolver)
    }

    /// The URL for people: without the user and password that someone may have written into it.
    var place: String { HTTPRequest(.get, url).shownURL }

    /// `host:port` of the leading master.
    ///
    /// - Throws: a transient `Failure` while none is elected.
    public func leader() async throws(Failure) -> String {
        var request = try request(.get, "/redirect")
        request.maximumRedirects = 0
        let answer = try await send(request)
        guard answer.status == 307, let location = answer.headers["Location"] else {
            throw failure(of: answer, "/redirect")
        }
        return String(location.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" })
    }

    /// Whether this very master lives; it need not lead.
    public func isAlive() async -> Bool {
        (try? await send(try request(.get, "/health")))?.status == 200
    }

    /// For example `1.11.0`.
    public func version() async throws(Failure) -> String {
        try await get("/version")["version"]?.string ?? ""
    }

    /// The whole cluster as the leader sees it, but for what has ended.
    ///
    /// `/state` of a large cluster takes hundreds of megabytes: its tasks are read one by one as they arrive.
    ///
    /// - Parameter look: given each task that has not ended, with all that Mesos says of it.
    public func state(_ look: (MesosTask, JSON) -> Void = { _, _ in }) async throws(Failure) -> MesosState {
        var cutter = ElementCutter(
            elementsOf: ["/frameworks/*/tasks", "/frameworks/*/unreachable_tasks"],
            without: [
                "/completed_frameworks", "/flags", "/frameworks/*/completed_tasks", "/frameworks/*/executors",
                "/frameworks/*/offers",
            ])
        var tasks: [MesosTask] = []
        try await stream("/state") { bytes throws(JSONError) in
            for element in try cutter.take(bytes) {
                let json = try element.json()
                guard let task = MesosTask(json), !task.state.isTerminal else { continue }
                look(task, json)
                tasks.append(task)
            }
        }
        let document = try read("/state") { () throws(JSONError) in try cutter.rest() }
        let leader = MesosMaster.leader(in: document)
        let frameworks = document["frameworks"]?.array
        // A leader that knows no frameworks says so with an empty list.
        guard leader == nil || frameworks != nil else {
            throw Failure("Mesos' answer holds no `frameworks`", at: place + "/state")
        }
        // `/state` does not report from which reservation an agent's resources are used; `/slaves` does.
        let agents = try await agents()
        return MesosState(
            leader: leader, version: document["version"]?.string ?? "", agents: agents,
            missingAgents: document["recovered_slaves"]?.array?.count ?? 0,
            frameworks: (frameworks ?? []).compactMap { MesosFramework($0) },
            tasks: tasks)
    }

    public func agents() async throws(Failure) -> [MesosAgent] {
        try await list("/slaves", "slaves").compactMap { MesosAgent($0) }
    }

    /// Frameworks that are registered, connected or not.
    public func frameworks() async throws(Failure) -> [MesosFramework] {
        var cutter = ElementCutter(
            elementsOf: ["/frameworks/*/tasks"],
            without: [
                "/completed_frameworks", "/frameworks/*/completed_tasks", "/frameworks/*/unreachable_tasks",
                "/frameworks/*/executors", "/frameworks/*/offers",
            ])
        try await stream("/frameworks") { bytes throws(JSONError) in _ = try cutter.take(bytes) }
        let document = try read("/frameworks") { () throws(JSONError) in try cutter.rest() }
        return (document["frameworks"]?.array ?? []).compactMap { MesosFramework($0) }
    }

    /// Tasks, those that have ended and those of frameworks that are gone included.
    ///
    /// - Parameter limit: how many at most; nil asks for all, where Mesos' own default is 100.
    public func tasks(limit: Int? = nil, order: Order = .newestFirst) async throws(Failure) -> [MesosTask] {
        let path = "/tasks?limit=\(limit ?? -1)&order=\(order.rawValue)"
        var cutter = ElementCutter(elementsOf: ["/tasks"])
        var tasks: [MesosTask] = []
        try await stream(path) { bytes throws(JSONError) in
            for element in try cutter.take(bytes) {
                if let task = MesosTask(try element.json()) { tasks.append(task) }
            }
        }
        let document = try read(path) { () throws(JSONError) in try cutter.rest() }
        guard document["tasks"]?.array != nil else {
            throw Failure("Mesos' answer holds no `tasks`", at: place + path)
        }
        return tasks
    }

    private static func leader(in state: JSON) -> String? {
        if let host = state["leader_info"]?["hostname"]?.string, let port = state["leader_info"]?["port"]?.int {
            return "\(host):\(port)"
        }
        return state["leader"]?.string.map { leader in
            leader.split(separator: "@").last.map { String($0) } ?? leader
        }
    }
}

/// Calls.
extension MesosMaster {
    func get(_ path: String) async throws(Failure) -> JSON {
        try json(try await succeed(try request(.get, path), path), path)
    }

    func list(_ path: String, _ key: String) async throws(Failure) -> [JSON] {
        guard let list = try await get(path)[key]?.array else {
            throw Failure("Mesos' answer holds no `\(key)`", at: place + path)
        }
        return list
    }

    func request(_ method: HTTPMethod, _ path: String, body: JSON? = nil) throws(Failure) -> HTTPRequest {
        var headers = [HTTPHeader("Accept", "application/json")]
        if body != nil { headers.append(HTTPHeader("Content-Type", "application/json")) }
        return try reach.bound(
            HTTPRequest(
                method, url + path, headers: headers, body: body.map { Array($0.compact.utf8) }, deadline: deadline,
                credentials: credentials, tls: try tls.options(for: url)))
    }

    func succeed(_ request: HTTPRequest, _ path: String) async throws(Failure) -> HTTPResponse {
        let answer = try await send(request)
        guard answer.isSuccess else { throw failure(of: answer, path) }
        return answer
    }

    func json(_ answer: HTTPResponse, _ path: String) throws(Failure) -> JSON {
        try read(path) { () throws(JSONError) in try JSON(parsing: answer.body) }
    }

    private func read<Value>(_ path: String, _ body: () throws(JSONError) -> Value) throws(Failure) -> Value {
        do {
            return try body()
        } catch {
            throw failure(of: error, path)
        }
    }

    private func send(_ request: HTTPRequest) async throws(Failure) -> HTTPResponse {
        do {
            return try await HTTPClient.shared.send(request)
        } catch {
            throw failure(of: error)
        }
    }

    /// Hands over an answer's body as it arrives, until its end.
    private func stream(
        _ path: String, _ take: ([UInt8]) throws(JSONError) -> Void
    ) async throws(Failure) {
        let request = try request(.get, path)
        do {
            let stream = try await HTTPClient.shared.stream(request, endingWithin: deadline)
            guard (200..<300).contains(stream.status) else {
                // Once more, for its words: a refusal is short.
                throw failure(of: try await send(request), path)
            }
            for try await bytes in stream.body { try take(bytes) }
        } catch let failure as Failure {
            throw failure
        } catch let error as TransportError {
            throw failure(of: error)
        } catch let error as JSONError {
            throw failure(of: error, path)
        } catch {
            throw Failure(error, doing: "Mesos' answer could not be read")
        }
    }
}
