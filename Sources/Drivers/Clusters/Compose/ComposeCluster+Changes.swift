import JSON
import Migration
import Transport

extension ComposeCluster {
    /// mesos-compose's handlers share the document that they work on: two calls at once mix services up.
    ///
    /// Source: mesos-compose dd95e1b, `api/compose.go`, `e.Service` and `e.Compose`.
    private static let order = CallOrder()

    /// Creates what is missing, one service a call, and reads back what became of it. What is there with another
    /// definition is ended first: mesos-compose's own restart goes on in the background, and may bring back the old
    /// definition later.
    public func launch(_ service: Service, suspended: Bool) async throws(Failure) {
        guard !suspended else { throw unsupported(service.id, "launched without running") }
        let definition = try ComposeService(service.definitionJSON())
        try refuseUnsafeName(definition)
        // A call for no instance would make mesos-compose ignore the next one, whatever service that is for.
        guard service.instances > 0 else { return }
        try await ComposeCluster.order.exclusive(client.place) { () async throws(Failure) in
            try await launch(definition, service.instances)
        }
    }

    private func launch(_ definition: ComposeService, _ instances: Int) async throws(Failure) {
        let present = tasks(of: definition.id, in: try await tasks())
        guard !present.contains(where: \.isBeingKilled) else {
            throw Failure(
                "\(definition.id) is still being stopped, and can't be launched before that is over",
                at: client.place, kind: .transient)
        }
        let body = definition.body(replicas: instances)
        let project = "/api/compose/v0/" + (try URLPath.segment(definition.project, of: "project of mesos-compose"))
        if present.isEmpty {
            try await send(.put, project, body, definition)
        } else if !differences(definition, reported(definition, by: present)).isEmpty {
            return try await replace(definition, present)
        } else if present.contains(where: { $0.instances != instances }) {
            // The call that updates does not find records under a name of their own.
            guard definition.ownName(prefix: prefix) == nil else { return try await replace(definition, present) }
            try await send("UPDATE", project, body, definition)
        }
        try await demandKept(definition, instances)
    }

    /// Checks that mesos-compose keeps what was sent, whatever it answered.
    private func demandKept(_ definition: ComposeService, _ instances: Int) async throws(Failure) {
        let kept = tasks(of: definition.id, in: try await tasks()).filter { !$0.isBeingKilled }
        let place = "\(client.place)/api/compose/v0/tasks"
        guard !kept.isEmpty else {
            throw Failure(
                "mesos-compose accepted \(definition.id), but has no record of it", at: place,
                details: [
                    "its Redis may be gone, or in another database than it reads",
                    "it ignores a launch after one of a service with no instances",
                ],
                advice: "See the log of mesos-compose; restart it, if its Redis is well.", kind: .transient)
        }
        let changes = differences(definition, reported(definition, by: kept)).map { change in
            "\(change.path): \(change.to ?? "nothing"), not \(change.from ?? "nothing")"
        }
        guard changes.isEmpty, kept.allSatisfy({ $0.instances == instances }) else {
            try await end(kept)
            throw Failure(
                "mesos-compose keeps another \(definition.id) than was sent", at: place,
                details: changes.isEmpty ? ["another number of instances than \(instances)"] : changes,
                advice: "No one else may call this mesos-compose at the same time: it mixes up what arrives at once.",
                kind: .transient)
        }
    }

    private func reported(_ definition: ComposeService, by tasks: [ComposeTask]) -> ComposeService {
        var found = definition
        found.reported = tasks.map(\.form)
        let marks = Set(tasks.map(\.fingerprint))
        found.launchedAs = marks.count == 1 ? marks.first ?? nil : nil
        return found
    }

    private func replace(_ definition: ComposeService, _ present: [ComposeTask]) async throws(Failure) {
        try await end(present)
        throw Failure(
            "\(definition.id) is ended, to be launched with its new definition", at: client.place, kind: .transient)
    }

    /// With authentication on, mesos-compose answers 200 to what it refuses: only the body shows it.
    private func send(
        _ method: HTTPMethod, _ path: String, _ body: JSON, _ definition: ComposeService
    ) async throws(Failure) {
        let answer = try await client.call(method, path, body: body)
        guard (try? JSON(parsing: answer.body))?["Services"]?[definition.name] != nil else {
            throw Failure(
                "mesos-compose rejected the definition of \(definition.id)",
                at: "\(method) \(client.place)\(path)", details: ["it answered nothing"],
                advice: "See the log of mesos-compose for what it could not read.")
        }
    }

    public func stop(_ service: ServiceID) async throws(Failure) {
        try await ComposeCluster.order.exclusive(client.place) { () async throws(Failure) in
            let present = tasks(of: service, in: try await tasks())
            guard !present.isEmpty else { return }
            if !ComposeCluster.meansOthers(service) {
                let path = try service.composePath()
                _ = try await client.call(.delete, "/api/compose/v0/" + path, accepting: [404, 406])
            }
            // A name of its own hides a task from the call for its service.
            try await end(tasks(of: service, in: try await tasks()))
        }
    }

    private func end(_ tasks: [ComposeTask]) async throws(Failure) {
        for task in tasks where !task.isBeingKilled {
            let id = try URLPath.segment(task.id, of: "task of mesos-compose")
            _ = try await client.call(.delete, "/api/compose/v0/tasks/" + id, accepting: [404, 406])
        }
    }

    // MARK: - Names

    /// mesos-compose finds the records of a service by a pattern of Redis, `mc:PROJECT:SERVICE:*`.
    static func meansOthers(_ service: ServiceID) -> Bool {
        service.text.contains { "*?[]^\\:".contains($0) }
    }

    private func refuseUnsafeName(_ definition: ComposeService) throws(Failure) {
        guard ComposeCluster.meansOthers(definition.id) else { return }
        throw Failure(
            "rz does not launch \(definition.id): mesos-compose finds the tasks of a service by a pattern, and this name "
                + "would mean those of others too", advice: "Give the service another name in its compose file.")
    }

    // MARK: - Single-color services

    public func suspend(_ service: ServiceID) async throws(Failure) { throw unsupported(service, "suspended") }

    public func activate(_ service: ServiceID, instances: Int) async throws(Failure) {
        throw unsupported(service, "activated")
    }

    public func runOnce(_ job: ServiceID) async throws(Failure) {
        throw Failure("\(job) is a service of mesos-compose, which has no schedule")
    }

    private func unsupported(_ service: ServiceID, _ what: String) -> Failure {
        Failure("\(service) can't be \(what): mesos-compose keeps no service that does not run", at: client.place)
    }
}
