import JSON
import Migration
import Transport
import Trust

/// Calls to one framework's REST API, with its answers turned into failures in words.
struct FrameworkClient: Sendable {
    /// For people: `Metronome`.
    let name: String
    let url: String
    let credentials: Credentials?
    let tls: TLSAccess
    let reach: Reach
    let deadline: Duration

    /// - Parameters:
    ///   - key: what holds `url` in environment.yaml.
    ///   - proxy: what the environment says of one.
    /// - Throws: `Failure` when the URL refers to a server that the inventory does not have, or a setting is missing.
    init(
        _ name: String, _ access: ServiceSource.Access, at key: String, inventory: Inventory,
        resolver: @escaping Resolver, proxy: ProxyRules? = nil, deadline: Duration = .seconds(30)
    ) throws(Failure) {
        self.name = name
        self.deadline = deadline
        var url = try inventory.fill(access.url, resolver)
        while url.hasSuffix("/") { url.removeLast() }
        self.url = url
        tls = TLSAccess(access.tls, at: key, inventory: inventory, resolver: resolver)
        reach = Reach(inventory, leaders: access.leaders, proxy: proxy, resolver: resolver)
        if let token = access.token {
            credentials = .token(try resolver(token))
        } else if let user = access.user {
            credentials = .basic(user: try resolver(user), password: try access.password.map(resolver) ?? "")
        } else {
            credentials = nil
        }
    }

    /// The URL for people: without the user and password that someone may have written into it.
    var place: String { HTTPRequest(.get, url).shownURL }

    func get(_ path: String) async throws(Failure) -> JSON { try json(await call(.get, path)) }

    /// The answer to GET; nil when nothing has that name.
    func find(_ path: String) async throws(Failure) -> JSON? {
        let answer = try await call(.get, path, accepting: [404])
        // Not in one expression with `?`: there a nil would be JSON's null.
        if answer.status == 404 { return nil }
        return try json(answer)
    }

    /// Makes a call and gives its answer if the status is 2xx or one of `accepting`.
    func call(
        _ method: HTTPMethod, _ path: String, body: JSON? = nil, accepting: Set<Int> = [],
        deadline: Duration? = nil
    ) async throws(Failure) -> HTTPResponse {
        let request = HTTPRequest(
            method, url + path, headers: body == nil ? [] : [HTTPHeader("Content-Type", "application/json")],
            body: body.map { Array($0.compact.utf8) }, deadline: deadline ?? self.deadline, credentials: credentials,
            tls: try tls.options(for: url))
        let bound = try reach.bound(request)
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await HTTPClient.shared.send(bound)
        } catch {
            throw Failure(error, calling: name, at: place, tls: tls)
        }
        guard response.isSuccess || accepting.contains(response.status) else {
            throw failure(of: response, method, path)
        }
        return response
    }

    func json(_ response: HTTPResponse) throws(Failure) -> JSON {
        do throws(JSONError) {
            return try JSON(parsing: response.body)
        } catch {
            throw Failure(
                "\(name)'s answer is not JSON", at: HTTPRequest(.get, response.url).shownURL,
                details: [error.description])
        }
    }

    /// A list that is missing, or null, is not an empty one: a framework that answers so does not know its services.
    func list(_ json: JSON, _ what: String, of path: String) throws(Failure) -> [JSON] {
        guard let list = json.array else { throw noList(what, of: path) }
        return list
    }

    func noList(_ what: String, of path: String) -> Failure {
        Failure(
            "\(name)'s answer holds no list of \(what)", at: place + path,
            details: ["a proxy may have answered, or \(name) has lost its state or not read it yet"],
            advice: "Check where `url` of this source leads, and that \(name) has its state.")
    }

    func failure(of response: HTTPResponse, _ method: HTTPMethod, _ path: String) -> Failure {
        let body = try? JSON(parsing: response.body)
        let place = "\(method) \(place)\(path)"
        let message = body?["message"]?.string ?? "status \(response.status)"
        switch response.status {
        case 401:
            return Failure(
                "\(name) requires authentication (HTTP 401)", at: place, details: [message],
                advice:
                    "Set `user` and `password` of this source in environment.yaml; rz adopt takes them with --login "
                    + "'KIND=USER:${file:PATH}', such as metronome=….")
        case 403: return Failure("\(name) refuses", at: place, details: [message])
        case 429:
            return Failure("\(name) is rate-limiting requests (429)", at: place, details: [message], kind: .transient)
        case 400, 406, 409, 422:
            return Failure("\(name) rejected the request", at: place, details: [message] + details(body))
        case 500...:
            return Failure(
                "\(name) failed", at: place, details: [message], kind: method.isSafe ? .transient : .unknownEffect)
        default: return Failure("\(name) answered \(response.status)", at: place, details: [message])
        }
    }

    /// `{"details":[{"path":"/id","errors":["…"]}]}` as lines.
    private func details(_ body: JSON?) -> [String] {
        (body?["details"]?.array ?? []).map { detail in
            let errors = (detail["errors"]?.array ?? []).compactMap(\.string).joined(separator: "; ")
            return "\(detail["path"]?.string ?? "/"): \(errors)"
        }
    }
}
