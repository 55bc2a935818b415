import Migration
import Synchronization
import Transport
import Trust
import XML

/// Calls to the query API of Elastic Load Balancing (version 2015-12-01), with its answers turned into failures in words.
///
/// Every request is signed by libcurl. A question is asked again where the API asked for patience or did not answer; so is
/// a change that was turned away unread. A change whose answer was lost is never sent twice: what it led to is read back.
struct ELBClient: Sendable {
    static let version = "2015-12-01"

    let name: LoadBalancerID
    let place: String
    private let endpoint: String
    private let signer: AWSSigner
    private let tls: TLSAccess
    private let reach: Reach
    private let memory: ELBMemory

    /// - Throws: `Failure` when a setting is missing.
    init(
        _ name: LoadBalancerID, _ address: LoadBalancerAddress.ALB, memory: ELBMemory, proxy: ProxyRules?,
        resolver: @escaping Resolver
    ) throws(Failure) {
        self.name = name
        self.memory = memory
        var endpoint = try resolver(address.url)
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        self.endpoint = endpoint
        place = HTTPRequest(.post, endpoint).shownURL
        signer = AWSSigner(
            accessKey: try resolver(address.accessKey), secretKey: try resolver(address.secretKey),
            sessionToken: try address.sessionToken.map(resolver).flatMap { $0.isEmpty ? nil : $0 },
            region: address.region, service: "elasticloadbalancing")
        tls = TLSAccess(address.tls, at: "loadBalancers[].alb", inventory: Inventory(), resolver: resolver)
        reach = Reach(Inventory(), proxy: proxy, resolver: resolver)
    }

    // MARK: - Calling

    /// What the API says.
    ///
    /// - Parameter age: of an answer to the same question that will do.
    func ask(
        _ action: String, _ parameters: [(String, String)], noOlderThan age: Duration = .zero
    ) async throws(Failure) -> XMLElement {
        let body = ELBClient.form(action, parameters)
        if let known = memory.answer(to: body, noOlderThan: age) { return known }
        let asked = ContinuousClock.now
        let answer = try await send(action, body, onlyAsks: true, patience: .seconds(5))
        memory.keep(answer, to: body, asked)
        return answer
    }

    /// All of a list that comes in pages.
    func list(
        _ action: String, _ parameters: [(String, String)], _ name: String, noOlderThan age: Duration = .zero
    ) async throws(Failure) -> [XMLElement] {
        var all: [XMLElement] = []
        var marker: String?
        for _ in 0..<ELBClient.mostPages {
            let page = try await ask(action, parameters + (marker.map { [("Marker", $0)] } ?? []), noOlderThan: age)
            guard let result = page[action + "Result"], let list = result[name] else {
                throw strange("an answer to \(action) without \(name)")
            }
            all += list.children
            guard let next = result["NextMarker"]?.text, !next.isEmpty else { return all }
            marker = next
        }
        throw strange("more than \(ELBClient.mostPages) pages of \(name)")
    }

    private static let mostPages = 100

    /// Makes a change. What was known before is forgotten.
    func change(_ action: String, _ parameters: [(String, String)]) async throws(Failure) {
        defer { memory.forget() }
        _ = try await send(action, ELBClient.form(action, parameters), onlyAsks: false, patience: .seconds(15))
    }

    private static func form(_ action: String, _ parameters: [(String, String)]) -> String {
        ([("Action", action), ("Version", version)] + parameters)
            .map { "\($0.0.percentEncoded)=\($0.1.percentEncoded)" }.joined(separator: "&")
    }

    private func send(
        _ action: String, _ body: String, onlyAsks: Bool, patience: Duration
    ) async throws(Failure) -> XMLElement {
        let end = ContinuousClock.now + patience
        var attempt = 0
        while true {
            do throws(Failure) {
                return try await attemptOnce(action, body, onlyAsks: onlyAsks)
            } catch {
                let pause = .milliseconds(200) * (1 << min(attempt, 5)) * Double.random(in: 0.5...1)
                guard error.kind == .transient, ContinuousClock.now + pause < end else { throw error }
                do { try await Task.sleep(for: pause) } catch { throw .cancelled }
                attempt += 1
            }
        }
    }

    private func attemptOnce(_ action: String, _ body: String, onlyAsks: Bool) async throws(Failure) -> XMLElement {
        let request = try reach.bound(
            HTTPRequest(
                .post, endpoint + "/",
                headers: [HTTPHeader("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
                body: Array(body.utf8), onlyAsks: onlyAsks, deadline: .seconds(5), credentials: .aws(signer),
                tls: try tls.options(for: endpoint), retry: RetryPolicy.none, maximumRedirects: 0,
                maximumBody: 16 << 20))
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await HTTPClient.shared.send(request)
        } catch {
            throw Failure(
                error, calling: "the API of \(name)", at: "\(place), \(action)", tls: tls,
                advice: "See whether this host reaches it, and correct `endpoint` of this load balancer if it has one.")
        }
        let answer: XMLElement
        do throws(XMLError) {
            answer = try XMLElement(parsing: response.body)
        } catch {
            let words = ELBFault(name: name, place: place, action: action, onlyAsks: onlyAsks)
            guard response.status == 200 else { throw words.failure(response.status, nil) }
            throw strange(error.description)
        }
        guard response.status == 200 else {
            let words = ELBFault(name: name, place: place, action: action, onlyAsks: onlyAsks)
            throw words.failure(response.status, answer["Error"] ?? answer["Errors"]?["Error"])
        }
        return answer
    }

    func strange(_ reason: String) -> Failure {
        Failure(
            "\(name) answered something else than the API of Elastic Load Balancing", at: place, details: [reason],
            advice: "Correct `endpoint` of this load balancer; without it rz calls that of the region.")
    }
}

/// The answers of the last seconds: the API takes ten questions a second of a whole account, and rz has many readers.
final class ELBMemory: Sendable {
    private struct Kept {
        var answers: [String: (answer: XMLElement, time: ContinuousClock.Instant)] = [:]
        /// When something was changed last.
        var changed: ContinuousClock.Instant?
    }

    private let kept = Mutex(Kept())
    /// What a change of rz can make untrue.
    private static let changing = ["Action=DescribeRules&", "Action=DescribeTags&"]

    func answer(to question: String, noOlderThan age: Duration) -> XMLElement? {
        guard age > .zero else { return nil }
        return kept.withLock { kept in
            kept.answers[question].flatMap { ContinuousClock.now - $0.time <= age ? $0.answer : nil }
        }
    }

    /// - Parameter time: when it was asked, as an answer is of no later moment.
    func keep(_ answer: XMLElement, to question: String, _ time: ContinuousClock.Instant) {
        kept.withLock { kept in
            if let changed = kept.changed, time <= changed, ELBMemory.isChanging(question) { return }
            if let known = kept.answers[question], known.time > time { return }
            if kept.answers.count > 1000 { kept.answers = [:] }
            kept.answers[question] = (answer, time)
        }
    }

    /// What was asked before this moment no longer holds.
    func forget() {
        kept.withLock { kept in
            kept.changed = .now
            kept.answers = kept.answers.filter { !ELBMemory.isChanging($0.key) }
        }
    }

    private static func isChanging(_ question: String) -> Bool { changing.contains { question.hasPrefix($0) } }
}
