import JSON
import Migration
import Transport

/// Calls to one Marathon, with its answers turned into failures in words.
///
/// Source: Marathon 1.11 REST API, `MarathonExceptionMapper.scala`.
struct MarathonClient: Sendable {
    let url: String
    let credentials: Credentials?
    let deadline: Duration

    /// The URL for people: without the user and password that somebody may have written into it.
    var place: String { HTTPRequest(.get, url).shownURL }

    func get(_ path: String) async throws(Failure) -> JSON { try json(await call(.get, path)) }

    /// Makes a call and gives its answer if the status is 2xx or one of `accepting`.
    func call(
        _ method: HTTPMethod, _ path: String, body: String? = nil, accepting: Set<Int> = []
    ) async throws(Failure) -> HTTPResponse {
        let request = HTTPRequest(
            method, url + path, headers: body == nil ? [] : [HTTPHeader("Content-Type", "application/json")],
            body: body.map { Array($0.utf8) }, deadline: deadline, credentials: credentials,
            // Members of one cluster redirect to their leader, which knows the same credentials.
            forwardsCredentials: true)
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await HTTPClient.shared.send(request)
        } catch {
            throw failure(of: error)
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
                "Marathon's answer is not JSON", at: HTTPRequest(.get, response.url).shownURL,
                details: [error.description])
        }
    }

    private func failure(of error: TransportError) -> Failure {
        let kind: Failure.Kind =
            error.kind == .cancelled
            ? .cancelled : error.effectIsUnknown ? .unknownEffect : error.isTransient ? .transient : .permanent
        return Failure(
            "Marathon does not answer: \(error.message)", at: place,
            advice: "See whether it runs and this host reaches it.",
            kind: kind)
    }

    private func failure(of response: HTTPResponse, _ method: HTTPMethod, _ path: String) -> Failure {
        let body = try? JSON(parsing: response.body)
        let place = "\(method) \(place)\(path)"
        let message = body?["message"]?.string ?? "status \(response.status)"
        switch response.status {
        case 401:
            return Failure(
                "Marathon wants to know who asks", at: place, details: [message],
                advice: "Set `user` and `password` of this source in environment.yaml.")
        case 403 where message.contains("running deployments"):
            return Failure(
                "Marathon has as many deployments as it takes", at: place, details: [message], kind: .transient)
        case 403:
            return Failure("Marathon refuses", at: place, details: [message])
        case 409 where body?["deployments"] != nil:
            let ids = (body?["deployments"]?.array ?? []).compactMap { $0["id"]?.string }
            return Failure(
                "A deployment is under way and locks this", at: place,
                details: ids.isEmpty ? [message] : ids.map { "deployment \($0)" }, kind: .transient)
        case 429:
            return Failure("Marathon asks to slow down", at: place, details: [message], kind: .transient)
        case 400, 409, 422:
            return Failure("Marathon does not take the definition", at: place, details: [message] + details(body))
        case 500...:
            return Failure(
                "Marathon failed", at: place, details: [message], kind: method.isSafe ? .transient : .unknownEffect)
        default:
            return Failure("Marathon answered \(response.status)", at: place, details: [message])
        }
    }

    /// `{"details":[{"path":"/id","errors":["…"]}]}` as lines; older versions give one text.
    private func details(_ body: JSON?) -> [String] {
        if let text = body?["details"]?.string { return [text] }
        return (body?["details"]?.array ?? []).map { detail in
            let errors = (detail["errors"]?.array ?? []).compactMap(\.string).joined(separator: "; ")
            return "\(detail["path"]?.string ?? "/"): \(errors)"
        }
    }
}
