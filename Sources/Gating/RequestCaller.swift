import Migration
import Transport
import Trust

/// Makes the requests that operators add to runbooks.
public struct RequestCaller: Sendable {
    private let resolver: Resolver

    public init(resolver: @escaping Resolver) { self.resolver = resolver }

    /// - Throws: `Failure` when the answer's status is another than expected.
    public func call(_ work: HTTPWork, inventory: Inventory) async throws(Failure) {
        var headers: [HTTPHeader] = []
        for (name, value) in work.headers.sorted(by: { $0.key < $1.key }) {
            headers.append(HTTPHeader(name, try text(value, inventory)))
        }
        let body = try work.body.map { body throws(Failure) in try Array(text(body, inventory).utf8) }
        let tls = TLSAccess(work.tls, at: "`http` of the step", inventory: inventory, resolver: resolver)
        let url = try text(work.url, inventory)
        let request = HTTPRequest(
            HTTPMethod(work.method), url, headers: headers, body: body, deadline: .seconds(30),
            tls: try tls.options(for: url))
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await HTTPClient.shared.send(request)
        } catch {
            throw Failure(error, calling: "The server of the request", at: error.target, tls: tls)
        }
        guard response.status == work.expect else {
            throw Failure(
                "Answered \(response.status), expected \(work.expect)", at: "\(work.method) \(work.url)",
                kind: kind(of: response.status, request.method))
        }
    }

    /// A server that is busy or failed may do better soon; what it did before it failed nobody knows.
    private func kind(of status: Int, _ method: HTTPMethod) -> Failure.Kind {
        switch status {
        case 429: .transient
        case 500...: method.isSafe ? .transient : .unknownEffect
        default: .permanent
        }
    }

    private func text(_ setting: Setting, _ inventory: Inventory) throws(Failure) -> String {
        try inventory.fill(setting, resolver)
    }
}
