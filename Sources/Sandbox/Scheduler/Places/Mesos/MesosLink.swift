import Foundation
import JSON
import Transport

/// The scheduler's subscription at the leading master: events come in, calls go out, and when it breaks it is made again
/// under the same framework id.
///
/// Sendable: all state is guarded by `lock`.
final class MesosLink: @unchecked Sendable {
    enum Event: Sendable {
        /// Subscribed, with all agents that the master knows.
        case subscribed(framework: String, agents: [Agent])
        /// The master has given the framework up, and all its tasks with it.
        case removed
        case offers([MesosOffer])
        case status(MesosStatus)
    }

    private let settings: MesosSettings
    private let info: JSONObject
    private let lock = NSLock()
    private var framework: String?
    private var inbox: [Event] = []
    /// Where calls go while there is a subscription.
    private var outbox: AsyncStream<JSON>.Continuation?
    private var lastSign = ContinuousClock.now
    private var heartbeat = 15.0

    /// - Parameter framework: the id of an earlier scheduler, whose tasks are taken over.
    init(_ settings: MesosSettings, framework: String?, info: JSONObject) {
        self.settings = settings
        self.framework = framework
        self.info = info
    }

    /// What came since it was last asked for.
    func take() -> [Event] {
        lock.withLock {
            defer { inbox = [] }
            return inbox
        }
    }

    /// Sends a call; without a subscription it is dropped, since whatever it is about will be reported again.
    func send(_ call: JSON) {
        lock.withLock { _ = outbox?.yield(call) }
    }

    /// Stays subscribed until it is cancelled.
    ///
    /// - Throws: `SchedulerError` when trying again can't help.
    func run() async throws {
        var pause = 0.1
        while !Task.isCancelled {
            let began = ContinuousClock.now
            do {
                try await subscribe()
            } catch let error as SchedulerError {
                throw error
            } catch {
                // The master went away or has no leader: the next try shows more.
            }
            lock.withLock {
                outbox?.finish()
                outbox = nil
            }
            pause = ContinuousClock.now - began > .seconds(5) ? 0.1 : min(pause * 2, 2)
            try await Task.sleep(for: .seconds(pause))
        }
    }

    // MARK: - One subscription

    private struct Broken: Error {}

    private func subscribe() async throws {
        let known = lock.withLock { framework }
        let stream = try await HTTPClient.shared.stream(request(MesosCall.subscribe(known, info), streamID: nil))
        guard stream.status == 200, let streamID = stream.headers["Mesos-Stream-Id"] else {
            if [400, 401, 403].contains(stream.status) {
                var words: [UInt8] = []
                for try await bytes in stream.body { words += bytes }
                throw SchedulerError(
                    "Mesos at \(settings.master) does not take the framework: status \(stream.status), "
                        + String(decoding: words.prefix(300), as: UTF8.self))
            }
            throw Broken()
        }
        let (calls, outbox) = AsyncStream.makeStream(of: JSON.self)
        lock.withLock {
            self.outbox = outbox
            lastSign = .now
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.receive(stream) }
            group.addTask { try await self.watchHeartbeat() }
            group.addTask {
                for await call in calls { try await self.post(call, streamID) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func receive(_ stream: HTTPStream) async throws {
        var parser = RecordParser()
        for try await bytes in stream.body {
            lock.withLock { lastSign = .now }
            for record in try parser.take(bytes) { try await handle(JSON(parsing: record)) }
        }
        throw Broken()
    }

    private func handle(_ event: JSON) async throws {
        switch event["type"]?.string {
        case "SUBSCRIBED":
            guard let id = event["subscribed"]?["framework_id"]?["value"]?.string else { throw Broken() }
            lock.withLock {
                framework = id
                heartbeat = event["subscribed"]?["heartbeat_interval_seconds"]?.double ?? heartbeat
            }
            put(.subscribed(framework: id, agents: await agents()))
        case "OFFERS":
            put(.offers((event["offers"]?["offers"]?.array ?? []).compactMap { MesosOffer($0) }))
        case "UPDATE":
            if let status = event["update"]?["status"].flatMap({ MesosStatus($0) }) { put(.status(status)) }
        case "ERROR":
            let message = event["error"]?["message"]?.string ?? "no reason given"
            guard message.contains("removed") || message.contains("Completed framework") else {
                throw SchedulerError("Mesos at \(settings.master) ends the framework: \(message)")
            }
            // It was away for longer than the failover timeout: its tasks were killed, and its id is used up.
            lock.withLock { framework = nil }
            put(.removed)
            throw Broken()
        default:
            break
        }
    }

    private func put(_ event: Event) { lock.withLock { inbox.append(event) } }

    private func watchHeartbeat() async throws {
        while true {
            let (deadline, interval) = lock.withLock {
                (lastSign + .seconds(heartbeat * settings.heartbeatTolerance), heartbeat)
            }
            guard ContinuousClock.now < deadline else { throw Broken() }
            try await Task.sleep(for: .seconds(min(interval, 1)))
        }
    }

    // MARK: - Requests

    private func post(_ call: JSON, _ streamID: String) async throws {
        var call = call.object ?? JSONObject()
        call["framework_id"] = lock.withLock { framework }.map { ["value": .string($0)] }
        let answer = try await HTTPClient.shared.send(request(.object(call), streamID: streamID))
        // A call that is refused says that the master sees things otherwise: begin again, and ask.
        guard answer.isSuccess else { throw Broken() }
    }

    private func request(_ body: JSON, streamID: String?) -> HTTPRequest {
        var headers = [HTTPHeader("Content-Type", "application/json"), HTTPHeader("Accept", "application/json")]
        if let streamID { headers.append(HTTPHeader("Mesos-Stream-Id", streamID)) }
        return HTTPRequest(
            .post, settings.master + "/api/v1/scheduler", headers: headers, body: Array(body.compact.utf8),
            credentials: settings.credentials, mayRedirectTo: settings.isMaster)
    }

    /// The agents' names and attributes, for constraints that look at where other tasks are. An offer has them, too,
    /// but only of the agent that it is of.
    private func agents() async -> [Agent] {
        let request = HTTPRequest(
            .get, settings.master + "/slaves", credentials: settings.credentials, mayRedirectTo: settings.isMaster)
        guard let answer = try? await HTTPClient.shared.send(request), answer.isSuccess,
            let json = try? JSON(parsing: answer.body)
        else { return [] }
        return (json["slaves"]?.array ?? []).compactMap { description in
            var agent = description["id"]?.string.flatMap { Agent(description, server: $0, directory: "") }
            agent?.hasOffer = false
            return agent
        }
    }
}
