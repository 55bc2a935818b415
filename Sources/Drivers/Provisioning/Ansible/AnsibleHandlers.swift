import JSON
import Migration

/// Handlers that were notified and never ran, because the playbook failed or was ended before.
///
/// The task that notified them changes nothing in the next run, so that run would pass, and the service would go on
/// with its old configuration.
struct AnsibleHandlers {
    /// Where they are kept until they have run.
    let path: String

    /// `restart app on blue-agent-1`, by host and handler.
    struct Handler: Hashable {
        let host: String
        let name: String
    }

    /// What is left undone, of earlier runs.
    var pending: Set<Handler> {
        guard let json = Files.textIfThere(path).flatMap({ try? JSON(parsing: $0) }) else { return [] }
        var pending: Set<Handler> = []
        for (host, names) in json.object ?? JSONObject() {
            for name in names.array ?? [] { pending.insert(Handler(host: host, name: name.string ?? "")) }
        }
        return pending
    }

    /// Adds what a run notified, takes away what it ran, and keeps the rest.
    ///
    /// - Returns: what is still to run.
    func settle(_ events: [AnsibleEvent]) throws(Failure) -> Set<Handler> {
        var left = pending
        /// Notified in this run, under the names that tasks use, and not yet become handlers.
        var notified: [String: Set<String>] = [:]
        for event in events {
            switch event {
            case .notified(let host, let names): notified[host, default: []].formUnion(names)
            case .handling(let host, let names):
                notified[host] = nil
                left.formUnion(names.map { Handler(host: host, name: $0) })
            case .handled(let host, let names): left.subtract(names.map { Handler(host: host, name: $0) })
            default: continue
            }
        }
        for (host, names) in notified { left.formUnion(names.map { Handler(host: host, name: $0) }) }
        guard !left.isEmpty else {
            discard()
            return []
        }
        var hosts = JSONObject()
        for (host, handlers) in Dictionary(grouping: left, by: \.host).sorted(by: { $0.key < $1.key }) {
            hosts[host] = .array(handlers.map { .string($0.name) }.sorted { $0.compact < $1.compact })
        }
        try Files.write(JSON.object(hosts).pretty + "\n", to: path)
        return left
    }

    func discard() { Files.remove(path) }

    /// Refuses to pass while something is left undone.
    func refuse(_ left: Set<Handler>, playbook: String) throws(Failure) {
        guard !left.isEmpty else { return }
        throw Failure(
            "\(left.count) \(left.count == 1 ? "handler" : "handlers") of an interrupted configuration never ran",
            at: playbook, details: left.map { "\($0.name) on \($0.host)" }.sorted(),
            advice: "Do on these servers what the handlers would have done and delete \(path), then: rz resume. "
                + "Or go back and build the servers again: rz rollback",
            kind: .refused)
    }
}
