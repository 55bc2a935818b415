import JSON
import Migration
import Transport
import Trust

/// Makes the requests that operators add to runbooks.
public struct RequestCaller: Sendable {
    private let resolver: Resolver
    private let proxy: ProxyRules?

    public init(resolver: @escaping Resolver, proxy: ProxyRules? = nil) {
        self.resolver = resolver
        self.proxy = proxy
    }

    /// - Returns: what the answer holds where the request's outputs say.
    /// - Throws: `Failure` when the answer's status is another than expected, or when it is no JSON and outputs are wanted.
    public func call(_ work: HTTPWork, inventory: Inventory) async throws(Failure) -> [String: String] {
        var headers: [HTTPHeader] = []
        for (name, value) in work.headers.sorted(by: { $0.key < $1.key }) {
            headers.append(HTTPHeader(name, try text(value, inventory)))
        }
        let body = try work.body.map { body throws(Failure) in try Array(text(body, inventory).utf8) }
        let tls = TLSAccess(work.tls, at: "`http` of the step", inventory: inventory, resolver: resolver)
        let url = try text(work.url, inventory)
        let request = try Reach(inventory, proxy: proxy, resolver: resolver).bound(
            HTTPRequest(
                HTTPMethod(work.method), url, headers: headers, body: body, deadline: .seconds(30),
                tls: try tls.options(for: url), maximumRedirects: work.holdsSecret ? 0 : work.redirects ?? 0))
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await HTTPClient.shared.send(request)
        } catch {
            var failure = Failure(error, calling: "The server of the request", at: error.target, tls: tls)
            if error.redirect?.cause == .foreignHost {
                failure.advice = "Write the URL that it leads to: a body and headers of its own go to no other host."
            }
            throw failure
        }
        guard response.status == work.expect else {
            throw Failure(
                "Answered \(response.status), expected \(work.expect)", at: "\(work.method) \(work.url)",
                details: redirection(response), kind: kind(of: response.status, request.method))
        }
        return try work.outputs.map { (outputs) throws(Failure) in try values(outputs, in: response, of: work) } ?? [:]
    }

    private func values(
        _ outputs: [String: StepOutput], in response: HTTPResponse, of work: HTTPWork
    ) throws(Failure) -> [String: String] {
        let answer: JSON
        do throws(JSONError) { answer = try JSON(parsing: response.body) } catch {
            // It was made, and another request would make it twice.
            throw Failure(
                "The answer is no JSON", at: "\(work.method) \(work.url)", details: ["\(error)"],
                advice: "Only an answer in JSON has `outputs`.", kind: .permanent)
        }
        return outputs.compactMapValues { output in output.at.flatMap { answer.value(at: $0)?.plainText } }
    }

    /// Where an answer leads that is not followed, without what its query may hold.
    private func redirection(_ response: HTTPResponse) -> [String] {
        guard (300..<400).contains(response.status), let location = response.headers["Location"] else { return [] }
        return ["it redirects to \(HTTPRequest(.get, location).shownURL)"]
    }

    /// A server that is busy or failed may do better soon; what it did before it failed no one knows.
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
