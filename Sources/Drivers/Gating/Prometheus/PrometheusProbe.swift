import JSON
import Migration
import Transport
import Trust

extension ProbeRunner {
    /// Asks a Prometheus how old its samples are, then for its numbers. One that can't be asked says nothing of the new
    /// color.
    func askPrometheus(
        _ query: PrometheusQuery, _ inventory: Inventory, _ probe: Probe, _ tls: TLSAccess
    ) async throws(Failure) -> GateSample {
        func sample(_ verdict: Verdict, _ message: String, value: Double? = nil, samples: Int? = nil) -> GateSample {
            GateSample(
                gate: "probe", subject: query.name, verdict: verdict, value: value, limit: query.max ?? query.min,
                samples: samples, message: "\(query.name): \(message)")
        }
        let server = try server(query, inventory, probe, tls)
        do throws(PrometheusServer.Refusal) {
            let ages = try await server.numbers("max(time() - timestamp(\(query.series)))")
            guard let age = ages.values.first?.value, !age.isNaN else {
                return sample(
                    .inconclusive, "no data: no series matches \(query.series)", samples: 0)
            }
            guard age <= query.maxAge.seconds else {
                return sample(
                    .inconclusive,
                    "the last sample of \(query.series) is \(Wording.number(age)) s old, at most \(query.maxAge) is taken"
                )
            }
            let (verdict, message, value) = PrometheusJudgement(query, try await server.numbers(query.query)).judgement
            return sample(verdict, message, value: value, samples: value == nil && verdict == .inconclusive ? 0 : nil)
        } catch {
            return sample(.inconclusive, error.message)
        }
    }

    private func server(
        _ query: PrometheusQuery, _ inventory: Inventory, _ probe: Probe, _ tls: TLSAccess
    ) throws(Failure) -> PrometheusServer {
        let url = try text(query.url, inventory)
        let token = try query.token.map { token throws(Failure) in Credentials.bearer(try text(token, inventory)) }
        let basic = try basic(user: query.user, password: query.password, inventory)
        return PrometheusServer(
            url: url.hasSuffix("/") ? String(url.dropLast()) : url, credentials: token ?? basic,
            tls: try tls.options(for: url), reach: reach(inventory), deadline: probe.timeout.duration,
            explain: { $0.sentence(tls) })
    }
}

/// One Prometheus, or what speaks its API: Thanos, Mimir, VictoriaMetrics.
///
/// Source: Prometheus, HTTP API, "Format overview" and "Instant queries".
struct PrometheusServer {
    /// Why it gave no numbers, and what to do.
    struct Refusal: Error { var message: String }

    let url: String
    let credentials: Credentials?
    let tls: TLSOptions
    let reach: Reach
    let deadline: Duration
    let explain: (TransportError) -> String

    private var place: String { HTTPRequest(.get, url).shownURL }

    /// What an instant query gives, evaluated at the server's own time.
    func numbers(_ query: String) async throws(Refusal) -> PrometheusAnswer {
        // By POST: no cache in between answers it, and no length is too long.
        let request = HTTPRequest(
            .post, "\(url)/api/v1/query",
            headers: [HTTPHeader("Content-Type", "application/x-www-form-urlencoded")],
            body: Array("query=\(query.percentEncoded)".utf8), deadline: deadline, credentials: credentials,
            tls: tls,
            retry: RetryPolicy.none, maximumRedirects: 0, maximumBody: 4 << 20)
        let answer: HTTPResponse
        do {
            let bound: HTTPRequest
            do throws(Failure) { bound = try reach.bound(request) } catch { throw Refusal(message: error.summary) }
            do throws(TransportError) {
                answer = try await HTTPClient.shared.send(bound)
            } catch {
                throw Refusal(message: "Prometheus does not answer: \(explain(error))")
            }
        }
        let json = try? JSON(parsing: answer.body)
        guard answer.status == 200, let json, json["status"]?.string == "success", let data = json["data"] else {
            throw refusal(answer.status, json?["error"]?.string)
        }
        return try PrometheusAnswer(data, warnings: (json["warnings"]?.array ?? []).compactMap(\.string))
    }

    private func refusal(_ status: Int, _ reason: String?) -> Refusal {
        let reason = reason.map { ": \($0.visible)" } ?? ""
        return switch status {
        case 401, 403:
            Refusal(
                message: "\(place) requires authentication (HTTP \(status)). Set `user` and `password`, or `token`")
        case 400, 422: Refusal(message: "\(place) refused the query\(reason). Correct `query` or `series`")
        case 200, 404, 405:
            Refusal(message: "\(place) answers \(status), and not as a Prometheus\(reason). Correct `url`")
        default: Refusal(message: "\(place) answers \(status)\(reason). See its log")
        }
    }
}
