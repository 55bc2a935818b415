import Migration

/// A command that changes something, and how people call it.
struct RuntimeCommand: Sendable {
    var text: String
    /// For "edge-1 refused …": `a weight`.
    var subject: String
    /// What it is about: backend, server, the wanted value. Asked for only where it is refused.
    let place: @Sendable () -> String
    /// False for what is done for good measure.
    let mustSucceed: Bool

    init(
        text: String, subject: String, place: @autoclosure @escaping @Sendable () -> String, mustSucceed: Bool = true
    ) {
        self.text = text
        self.subject = subject
        self.place = place
        self.mustSucceed = mustSucceed
    }

    /// HAProxy's buffer (`tune.bufsize`) holds 16,384 bytes; a longer command hangs it.
    private static let longestLine = 15_000
    private static let prefix = "set severity-output number"

    /// The commands as lines that HAProxy can take.
    static func batches(_ commands: [RuntimeCommand]) -> [[RuntimeCommand]] {
        var batches: [[RuntimeCommand]] = []
        var room = 0
        for command in commands {
            let length = command.text.utf8.count + 1
            if room < length || batches.isEmpty {
                batches.append([])
                room = longestLine - prefix.utf8.count
            }
            batches[batches.count - 1].append(command)
            room -= length
        }
        return batches
    }

    /// A batch as one line; its first reply is that to the request for severities, which distinguish errors from success.
    static func line(of batch: [RuntimeCommand]) -> String {
        ([prefix] + batch.map(\.text)).joined(separator: ";")
    }

    // MARK: - The commands of section 9.3 that rz uses

    static func change(_ change: ServerChange) -> [RuntimeCommand] {
        let server = "\(change.backend)/\(change.server)"
        @Sendable func place() -> String { "backend \(change.backend), server \(change.server)" }
        func state(_ state: ServerState.Administration) -> RuntimeCommand {
            RuntimeCommand(
                text: "set server \(server) state \(state.rawValue)", subject: "a server's state",
                place: "\(place()), wanted \(state.rawValue)")
        }
        return switch change.change {
        case .weight(let weight):
            [
                RuntimeCommand(
                    text: "set server \(server) weight \(weight)", subject: "a weight",
                    place: "\(place()), wanted \(weight)")
            ]
        case .administration(let wanted): [state(wanted)]
        case .shutdownSessions:
            [RuntimeCommand(text: "shutdown sessions server \(server)", subject: "to end sessions", place: place())]
        // HAProxy (measured on 2.6.12, 2.8.25, 3.0.11 and 3.2.26) takes every server for full while at least as many requests wait as there are servers,
        // and hands them to a server only when that ends a request or leaves maintenance. Raised from weight 0, a server
        // has no request to end: each user waits behind the others, and gets 503 in the end.
        case .takeQueue: [state(.maint), state(.ready)]
        // These are asked for one by one, as their replies can't be told from each other's.
        case .add, .remove: []
        }
    }

    /// An agent sets weights by itself, and a drained or stopped server ready again.
    static func disableAgent(of server: ServerRecord) -> RuntimeCommand {
        RuntimeCommand(
            text: "disable agent \(server.backend)/\(server.name)", subject: "to disable an agent",
            place: "backend \(server.backend), server \(server.name)", mustSucceed: false)
    }

    static func setEpoch(_ entry: EpochEntry, in map: EpochMap, exists: Bool) -> RuntimeCommand {
        RuntimeCommand(
            text: "\(exists ? "set" : "add") map \(map.path) \(map.key) \(entry)", subject: "the run's epoch",
            place: "map \(map.path), wanted \(entry)")
    }

    /// Asks for a server without an address, which HAProxy can't make: it says so where the backend takes weights, and
    /// that the algorithm is static where it does not.
    static func addNothing(to backend: String) -> RuntimeCommand {
        RuntimeCommand(
            text: "add server \(backend)/rz-asks", subject: "a question about weights", place: "backend \(backend)",
            mustSucceed: false)
    }
}

extension ServerChange {
    /// Refuses what HAProxy would read as something else than it is.
    ///
    /// Names have letters, digits, `-`, `_`, `.` and `:` (HAProxy configuration manual, section 4).
    func validate(for loadBalancer: LoadBalancerID) throws(Failure) {
        let (kind, name) = ServerChange.isName(backend) ? ("server", server) : ("backend", backend)
        if !ServerChange.isName(name) {
            throw Failure(
                "\(loadBalancer): the \(kind) name \(name.debugDescription) is not one that HAProxy can have",
                at: "\(loadBalancer)/\(backend)/\(server)",
                advice: "Names have letters, digits, '-', '_', '.' and ':'. Correct it under traffic.", kind: .refused)
        }
        if case .weight(let weight) = change, !(0...WeightScale.haproxy.largest).contains(weight) {
            throw Failure(
                "\(loadBalancer): a weight of \(weight) is outside 0 to \(WeightScale.haproxy.largest)",
                at: "\(loadBalancer)/\(backend)/\(server)", kind: .refused)
        }
    }

    static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= 1000
            && bytes.allSatisfy { byte in
                (48...58).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || byte == 45 || byte == 46 || byte == 95
            }
    }
}

extension [RuntimeCommand] {
    /// Each command once: backends that share an entry of a map are moved by the same.
    func unique() -> [RuntimeCommand] {
        var texts: Set<String> = []
        return filter { texts.insert($0.text).inserted }
    }
}
