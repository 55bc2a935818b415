import JSON
import Migration
import Transport

extension ComposeCluster {
    /// Creates what is missing, one service a call; `PUT` for a service that is there may add a task too many, so that
    /// is only updated, and restarted when it is another definition.
    public func launch(_ service: Service, suspended: Bool) async throws(Failure) {
        guard !suspended else { throw unsupported(service.id, "launched without running") }
        let definition = try ComposeService(service.definitionJSON())
        let present = tasks(of: service.id, in: try await tasks())
        guard !present.contains(where: \.isBeingKilled) else {
            throw Failure(
                "\(service.id) is still being stopped, and can't be launched before that is over", at: client.place,
                kind: .transient)
        }
        let body = definition.body(replicas: service.instances)
        let project = "/api/compose/v0/\(definition.project)"
        guard !present.isEmpty else { return try await send(.put, project, body, definition) }
        let isSame = present.allSatisfy { $0.fingerprint == definition.fingerprint }
        if isSame, present.allSatisfy({ $0.instances == service.instances }) { return }
        try await send("UPDATE", project, body, definition)
        if !isSame { try await restart(definition, present) }
    }

    /// With authentication on, mesos-compose answers 200 to what it refuses: only the body tells.
    private func send(
        _ method: HTTPMethod, _ path: String, _ body: JSON, _ definition: ComposeService
    ) async throws(Failure) {
        let answer = try await client.call(method, path, body: body)
        guard (try? JSON(parsing: answer.body))?["Services"]?[definition.name] != nil else {
            throw Failure(
                "mesos-compose does not take the definition of \(definition.id)",
                at: "\(method) \(client.place)\(path)", details: ["it answered nothing"],
                advice: "See the log of mesos-compose for what it could not read.")
        }
    }

    /// Records under a name of their own are not found by the call that restarts; ended, they are launched anew by the
    /// next try.
    private func restart(_ definition: ComposeService, _ tasks: [ComposeTask]) async throws(Failure) {
        guard definition.taskName != nil else {
            // It answers when the old tasks are gone, which it looks for every five seconds.
            _ = try await client.call(
                .put, "/api/compose/v0/\(definition.project)/\(definition.name)/restart", deadline: .seconds(180))
            return
        }
        try await end(tasks)
        throw Failure(
            "\(definition.id) is ended, to be launched with its new definition", at: client.place, kind: .transient)
    }

    public func stop(_ service: ServiceID) async throws(Failure) {
        let present = tasks(of: service, in: try await tasks())
        guard !present.isEmpty else { return }
        _ = try await client.call(.delete, "/api/compose/v0/\(service.text)", accepting: [404, 406])
        // A name of its own hides a task from the call for its service.
        try await end(tasks(of: service, in: try await tasks()).filter { !$0.isBeingKilled })
    }

    private func end(_ tasks: [ComposeTask]) async throws(Failure) {
        for task in tasks where !task.isBeingKilled {
            _ = try await client.call(
                .delete, "/api/compose/v0/tasks/\(task.id.asPathSegment)", accepting: [404, 406])
        }
    }

    // MARK: - Services that may run once

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
