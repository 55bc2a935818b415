import JSON
import Migration
import Transport
import Trust

/// Calls to one Traefik's API and metrics, with its answers turned into failures in words.
struct TraefikClient: Sendable {
    let name: LoadBalancerID
    let api: String
    let metrics: String
    private let credentials: Credentials?
    private let tls: TLSAccess
    private let reach: Reach

    /// - Throws: `Failure` when a setting is missing.
    init(
        _ name: LoadBalancerID, _ address: LoadBalancerAddress.Traefik, proxy: ProxyRules?, resolver: @escaping Resolver
    ) throws(Failure) {
        self.name = name
        var api = try resolver(address.api)
        while api.hasSuffix("/") { api.removeLast() }
        self.api = api
        metrics = try address.metrics.map(resolver) ?? api + "/metrics"
        if let user = address.user {
            credentials = .basic(user: try resolver(user), password: try address.password.map(resolver) ?? "")
        } else {
            credentials = nil
        }
        tls = TLSAccess(address.tls, at: "loadBalancers[].traefik", inventory: Inventory(), resolver: resolver)
        reach = Reach(Inventory(), proxy: proxy, resolver: resolver)
    }

    /// For people: without the user and password that someone may have written into the URL.
    var place: String { HTTPRequest(.get, api).shownURL }

    func version() async throws(Failure) -> String {
        let json = try json(try await get(api + "/api/version"), "version")
        return json["Version"]?.string ?? json["version"]?.string ?? "unknown"
    }

    func report() async throws(Failure) -> TraefikReport {
        let response = try await get(api + "/api/rawdata")
        let json = try json(response, "configuration")
        do throws(MalformedReply) {
            return try TraefikReport(json)
        } catch {
            throw strange("configuration", error.description, response)
        }
    }

    /// - Throws: `Failure` where nothing is counted for services: without it no color could be shown quiet.
    func counted() async throws(Failure) -> TraefikMetrics {
        let response = try await get(metrics)
        let found = TraefikMetrics(response.text)
        guard found.isTraefik, found.start != nil else {
            throw Failure(
                "\(name) shows no metrics of Traefik", at: HTTPRequest(.get, metrics).shownURL,
                details: [String(response.text.firstLine.prefix(200))],
                advice:
                    "Turn them on (`metrics: { prometheus: {} }` in Traefik's static configuration), and name their "
                    + "URL under `metrics`.")
        }
        return found
    }

    private func get(_ url: String) async throws(Failure) -> HTTPResponse {
        let request = try reach.bound(
            HTTPRequest(
                .get, url, deadline: .seconds(3), credentials: credentials, tls: try tls.options(for: url),
                retry: RetryPolicy.none, maximumRedirects: 0, maximumBody: 64 << 20))
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await HTTPClient.shared.send(request)
        } catch {
            throw Failure(
                error, calling: "\(name)", at: request.shownURL, tls: tls,
                advice: "See whether Traefik runs with its API on (`api: {}`), and correct `api` of this load balancer."
            )
        }
        guard response.status == 200 else { throw refusal(response, request.shownURL) }
        return response
    }

    private func refusal(_ response: HTTPResponse, _ place: String) -> Failure {
        switch response.status {
        case 401, 403:
            Failure(
                "\(name) requires authentication (HTTP \(response.status))", at: place,
                advice: "Set `user` and `password` of this load balancer in environment.yaml.")
        case 404:
            Failure(
                "\(name) has nothing there (HTTP 404)", at: place,
                advice:
                    "Turn on Traefik's API and metrics (`api: {}`, `metrics: { prometheus: {} }`), and correct `api` "
                    + "and `metrics` of this load balancer.")
        default:
            Failure(
                "\(name) answered \(response.status)", at: place,
                details: [String(response.text.firstLine.prefix(200))],
                kind: response.status >= 500 ? .transient : .permanent)
        }
    }

    private func json(_ response: HTTPResponse, _ content: String) throws(Failure) -> JSON {
        do throws(JSONError) {
            return try JSON(parsing: response.body)
        } catch {
            throw strange(content, error.description, response)
        }
    }

    private func strange(_ content: String, _ reason: String, _ response: HTTPResponse) -> Failure {
        Failure(
            "\(name) answered something else than its \(content)", at: HTTPRequest(.get, response.url).shownURL,
            details: [reason, String(response.text.firstLine.prefix(200))],
            advice: "See whether Traefik's API listens there.")
    }
}
