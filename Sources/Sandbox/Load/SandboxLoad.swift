import JSON
import Transport

/// Users of a sandbox: requests at a steady rate to every service through every frontend, each failure counted.
public struct SandboxLoad: Sendable {
    /// One path for each service that users reach.
    static let paths = ["/", "/cart", "/catalog", "/search", "/ledger"]

    private let frontends: [String]
    private let rate: Int

    /// - Parameters:
    ///   - frontends: URLs without a path.
    ///   - rate: requests a second.
    public init(frontends: [String], rate: Int) {
        self.frontends = frontends
        self.rate = max(1, rate)
    }

    /// Asks until the time is over or the task is cancelled, then waits for the answers still under way.
    ///
    /// Requests are sent when they are due, whether earlier ones were answered or not: a slow answer delays no one.
    public func run(for duration: Duration) async -> LoadResult {
        let count = Counter()
        let start = ContinuousClock.now
        let total = Int(Double(rate) * (duration / .seconds(1)))
        await withDiscardingTaskGroup { group in
            for number in 0..<total {
                do { try await Task.sleep(until: start + .seconds(1) * number / rate, clock: .continuous) } catch {
                    break
                }
                let url =
                    frontends[number % frontends.count]
                    + SandboxLoad.paths[number / frontends.count % SandboxLoad.paths.count]
                // Not a child that is cancelled with the rest: whoever was asked is listened to.
                let request = Task.detached { await ask(url, count) }
                group.addTask { await request.value }
            }
        }
        return await count.result
    }

    private func ask(_ url: String, _ count: Counter) async {
        let start = ContinuousClock.now
        // A user does not try again by himself, so a failure counts as one.
        let request = HTTPRequest(.get, url, deadline: .seconds(10), retry: RetryPolicy.none)
        do throws(TransportError) {
            let answer = try await HTTPClient.shared.send(request)
            await count.record(
                ContinuousClock.now - start, color: answer.headers["X-Color"],
                failure: answer.status == 200 ? nil : "\(url) answered \(answer.status)")
        } catch {
            await count.record(ContinuousClock.now - start, color: nil, failure: error.description)
        }
    }
}

/// What users saw.
public struct LoadResult: Sendable, Hashable {
    public var requests = 0
    public var failed = 0
    public var median: Duration?
    public var percentile99: Duration?
    public var byColor: [String: Int] = [:]
    /// The first few failures, in words.
    public var failures: [String] = []

    /// What `rz sandbox load --json` prints.
    public var json: JSON {
        [
            "requests": .number(JSONNumber(requests)), "failed": .number(JSONNumber(failed)),
            "p50_ms": milliseconds(median), "p99_ms": milliseconds(percentile99),
            "by_color": .object(
                JSONObject(byColor.sorted { $0.key < $1.key }.map { ($0.key, JSON.number(JSONNumber($0.value))) })),
            "failures": .array(failures.map { .string($0) }),
        ]
    }

    private func milliseconds(_ duration: Duration?) -> JSON {
        guard let duration else { return .null }
        return JSONNumber((duration / .milliseconds(1) * 100).rounded() / 100).map(JSON.number) ?? .null
    }
}

private actor Counter {
    private var counted = LoadResult()
    private var times: [Duration] = []

    func record(_ time: Duration, color: String?, failure: String?) {
        counted.requests += 1
        times.append(time)
        if let color { counted.byColor[color, default: 0] += 1 }
        guard let failure else { return }
        counted.failed += 1
        if counted.failures.count < 10 { counted.failures.append(failure) }
    }

    var result: LoadResult {
        let sorted = times.sorted()
        var result = counted
        guard !sorted.isEmpty else { return result }
        result.median = sorted[sorted.count / 2]
        result.percentile99 = sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
        return result
    }
}
