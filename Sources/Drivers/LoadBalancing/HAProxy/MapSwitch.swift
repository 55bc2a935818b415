import Glibc
import Migration
import SafeFiles

/// A backend of the environment that is two of HAProxy: an entry of a map says which one requests go to.
///
/// Its servers are those of both, as `BACKEND/SERVER`. What the entry names has weight 1, the other 0: a change of weights
/// is one `set map`, which moves all frontends that use the entry at once.
struct MapSwitch: Sendable {
    /// What rules call it.
    let name: String
    let path: String
    let rule: TrafficSwitch
    /// The colors whose servers runs put into their backends.
    let registration: [Color: ServerRegistration]?

    /// - Throws: `Failure` for what HAProxy would read as several words or commands.
    init(
        _ name: String, _ rule: TrafficSwitch, registration: [Color: ServerRegistration]? = nil, path: String,
        on loadBalancer: LoadBalancerID
    ) throws(Failure) {
        self.name = name
        self.registration = registration
        self.path = path
        self.rule = rule
        for text in [path, rule.key] + rule.values.values where !MapEntry.isPlain(text) {
            throw Failure(
                "\(loadBalancer): HAProxy can't be asked for \(text.debugDescription) of the switch \(name)",
                at: "traffic/\(name)", advice: "Use text without spaces, semicolons, backslashes and newlines.",
                kind: .refused)
        }
    }

    var question: String { "get map \(path) \(rule.key)" }

    func color(in answer: String) -> Color? {
        MapEntry.value(in: answer).flatMap { value in Color.allCases.first { rule.values[$0] == value } }
    }

    /// The line of the map's file where blue is live.
    var entry: String { "\(rule.key) \(rule.values[.blue] ?? "")" }

    /// The lines of HAProxy's configuration by which the entry chooses.
    var choices: [String] {
        let isName = Color.allCases.allSatisfy { rule.values[$0] == rule.backends[$0] }
        guard !isName else { return ["use_backend %[str(\(rule.key)),map_str(\(path),\(rule.backends[.blue] ?? ""))]"] }
        return Color.allCases.map {
            "use_backend \(rule.backends[$0] ?? "") if { str(\(rule.key)),map_str(\(path)) -m str \(rule.values[$0] ?? "") }"
        }
    }

    // MARK: - What it is

    /// Takes both backends out of those that HAProxy has, and puts the switch in.
    func combine(_ backends: inout [String: BackendState], chosen: Color?) {
        var servers: [ServerState] = []
        var isTCP = false
        var load: BackendLoad?
        for color in Color.allCases {
            guard let name = rule.backends[color], let backend = backends.removeValue(forKey: name) else { continue }
            isTCP = isTCP || backend.isTCP
            load = [load, backend.load].compactMap(\.self).max { $0.peakSessions < $1.peakSessions }
            servers += backend.servers.enumerated().map { index, server in
                var server = server
                server.name = "\(name)/\(server.name)"
                server.group = name
                // Without weight in its own backend it gets no one, whatever the entry says.
                server.isHeldInMaintenance = server.isHeldInMaintenance || server.weight == 0
                server.weight = color == chosen && server.weight > 0 ? 1 : 0
                server.configuredWeight = nil
                if index == 0 { server.counters.add(backend.own) }
                return server
            }
        }
        guard !servers.isEmpty else { return }
        backends[self.name] = BackendState(
            servers: servers, isTCP: isTCP, scale: .switch, load: load, counted: .ofHAProxy(isTCP: isTCP),
            countsQueue: true)
    }

    // MARK: - What is changed

    /// The color whose servers get weight.
    func choice(in changes: [ServerChange]) -> Color? {
        for change in changes where change.backend == name {
            guard case .weight(1...) = change.change, let place = place(of: change.server) else { continue }
            return Color.allCases.first { rule.backends[$0] == place.backend }
        }
        return nil
    }

    func choose(_ color: Color) -> RuntimeCommand {
        let value = rule.values[color] ?? ""
        return RuntimeCommand(
            text: "set map \(path) \(rule.key) \(value)", subject: "an entry of a map",
            place: "map \(path), key \(rule.key), wanted \(value)")
    }

    /// A change as HAProxy knows the server; nil for a weight, which the entry stands for.
    func translated(_ change: ServerChange) -> ServerChange? {
        guard change.backend == name else { return change }
        if case .weight = change.change { return nil }
        guard let place = place(of: change.server) else { return change }
        return ServerChange(backend: place.backend, server: place.server, change: change.change)
    }

    /// Where HAProxy has a server of the switch.
    func place(of server: String) -> (backend: String, server: String)? {
        for backend in rule.backends.values where server.hasPrefix("\(backend)/") {
            return (backend, String(server.dropFirst(backend.count + 1)))
        }
        return nil
    }

    /// Servers whose weight, as it was set, is not what the entry says of their color.
    func contradictions(_ changes: [ServerChange], chosen: Color?) -> [String] {
        changes.compactMap { change in
            guard change.backend == name, case .weight(let weight) = change.change,
                let place = place(of: change.server)
            else { return nil }
            let isOn = chosen.flatMap { rule.backends[$0] } == place.backend
            guard isOn != (weight > 0) else { return nil }
            let owner = chosen.map { "is \($0)'s" } ?? "is neither color's"
            return "\(name)/\(change.server): weight \(weight) was set, \(rule.key) in \(path) \(owner)"
        }
    }
}

extension ServerCounters {
    /// What a backend counted beside its servers.
    fileprivate mutating func add(_ own: ServerCounters) {
        queued += own.queued
        requests += own.requests
        errors += own.errors
        errorCounts = errorCounts + own.errorCounts
    }
}

extension Obstacles {
    /// What would keep an entry of a map from moving users, or from surviving a reload.
    func ofSwitch(_ item: MapSwitch, answer: String) -> [Obstacle] {
        let place = "the switch \(item.name): "
        guard MapEntry.exists(in: answer) else {
            return [
                blocking(
                    place + "HAProxy does not know the map \(item.path). It can't change a `default_backend` while it "
                        + "runs, so an entry of a map has to choose the backend. Write the line `\(item.entry)`, or the "
                        + "other color's where that is live, into the file \(item.path); put "
                        + item.choices.map { "`\($0)`" }.joined(separator: " and ")
                        + " above the `default_backend` of each frontend; and reload HAProxy.")
            ]
        }
        var found: [Obstacle] = []
        if item.color(in: answer) == nil {
            let wanted = Color.allCases.compactMap { item.rule.values[$0] }.joined(separator: " or ")
            found.append(
                blocking(
                    place + "\(item.rule.key) in \(item.path) is "
                        + "\(MapEntry.value(in: answer) ?? "not there"), and neither color's (\(wanted)). "
                        + "Give it the live color's value, in HAProxy and in the file."))
        }
        for color in Color.allCases {
            guard let backend = item.rule.backends[color] else { continue }
            found += ofBackend(backend, of: color, item.registration?[color], others: item.rule.backends[color.other])
        }
        if let reason = item.rule.withoutFile {
            found.append(
                warning(place + "its map's file is not written (\(reason)): a reload brings back what the file says"))
        } else if access(item.path, F_OK) != 0 {
            found.append(
                blocking(
                    place + "the map file \(item.path) is not on this host, so a reload would undo the switch. Run rz "
                        + "where it is; or say why that does no harm: `mapFile: { none: … }`."))
        } else if let problem = PersistentFile(item.path).obstacle {
            found.append(
                blocking(
                    place
                        + "the map file \(item.path) can't be replaced: \(problem.reason), so a reload would undo the "
                        + "switch. Make it writable here; or say why that does no harm: `mapFile: { none: … }`."))
        }
        return found
    }
}
