import JSON
import Migration
import Transport
import Trust

/// Calls to one Marathon, with its answers turned into failures in words.
///
/// Source: Marathon 1.11 REST API, `MarathonExceptionMapper.scala`.
struct MarathonClient: Sendable {
    /// How rz authenticates to Marathon.
    enum Access: Sendable {
        case anonymous
        case credentials(Credentials)
        /// With the token that DC/OS gives for a user and password.
        case login(DCOSLogin)
    }

    let url: String
    let access: Access
    let tls: TLSAccess
    let reach: Reach
    /// Of each call.
    let deadline: Duration
    /// How long a change waits for a deployment that locks what it changes.
    var patience: Duration = .seconds(120)

    /// The URL for people: without the user and password that someone may have written into it.
    var place: String { HTTPRequest(.get, url).shownURL }

    func get(_ path: String) async throws(Failure) -> JSON { try json(await call(.get, path)) }

    /// What is at a path, or nil where this Marathon has nothing: the thing does not exist, or its version does not
    /// know the path. Unknown paths are answered with 404 or 405, by 1.11 with a 500 that says so.
    func find(_ path: String) async throws(Failure) -> JSON? {
        let answer = try await call(.get, path, accepting: [404, 405, 500])
        // Not in one expression with `?`: there a nil would be JSON's null.
        if try isAbsent(answer, .get, path) { return nil }
        return try json(answer)
    }

    /// Makes a call and gives its answer if the status is 2xx or one of `accepting`.
    func call(
        _ method: HTTPMethod, _ path: String, body: String? = nil, accepting: Set<Int> = []
    ) async throws(Failure) -> HTTPResponse {
        var response = try await send(method, path, body, isRefused: false)
        if response.status == 401, case .login = access {
            // The token is too old.
            response = try await send(method, path, body, isRefused: true)
        }
        guard response.isSuccess || accepting.contains(response.status) else {
            throw failure(of: response, method, path)
        }
        return response
    }

    /// Makes a change. While a deployment locks what is to be changed, or as many are under way as Marathon takes, it
    /// waits; never does it break a lock, which would leave the other deployment half done.
    ///
    /// - Throws: `Failure` (kind `.transient`) that names the deployments which were still there in the end.
    func change(
        _ method: HTTPMethod, _ path: String, body: String? = nil, accepting: Set<Int> = []
    ) async throws(Failure) -> HTTPResponse {
        let end = ContinuousClock.now + patience
        while true {
            let response = try await call(method, path, body: body, accepting: accepting.union([403, 409]))
            guard let locks = locks(response) else {
                guard response.isSuccess || accepting.contains(response.status) else {
                    throw failure(of: response, method, path)
                }
                return response
            }
            if ContinuousClock.now >= end { throw try await failure(of: response, method, path, locks) }
            do { try await Task.sleep(for: min(.milliseconds(500), patience)) } catch { throw .cancelled }
        }
    }

    /// Like `change` for something that may not be there, or whose path this version of Marathon does not know.
    func changeIfPresent(
        _ method: HTTPMethod, _ path: String, body: String? = nil
    ) async throws(Failure) -> HTTPResponse? {
        let answer = try await change(method, path, body: body, accepting: [404, 405, 500])
        return try isAbsent(answer, method, path) ? nil : answer
    }

    func json(_ response: HTTPResponse) throws(Failure) -> JSON {
        do throws(JSONError) {
            return try JSON(parsing: response.body)
        } catch {
            throw Failure(
                "Marathon's answer is not JSON", at: HTTPRequest(.get, response.url).shownURL,
                details: [error.description])
        }
    }

    private func isAbsent(_ answer: HTTPResponse, _ method: HTTPMethod, _ path: String) throws(Failure) -> Bool {
        guard !answer.isSuccess else { return false }
        guard answer.status != 500 || answer.text.contains("URI not found") else {
            throw failure(of: answer, method, path)
        }
        return true
    }

    private func send(
        _ method: HTTPMethod, _ path: String, _ body: String?, isRefused: Bool
    ) async throws(Failure) -> HTTPResponse {
        let credentials: Credentials? =
            switch access {
            case .anonymous: nil
            case .credentials(let credentials): credentials
            case .login(let login): .token(try await login.token(renewing: isRefused, tls, reach, deadline: deadline))
            }
        let request = HTTPRequest(
            method, url + path, headers: body == nil ? [] : [HTTPHeader("Content-Type", "application/json")],
            body: body.map { Array($0.utf8) }, deadline: deadline, credentials: credentials,
            tls: try tls.options(for: url))
        let bound = try reach.bound(request)
        do throws(TransportError) {
            return try await HTTPClient.shared.send(bound)
        } catch {
            throw Failure(error, calling: "Marathon", at: place, tls: tls)
        }
    }
}
