import JSON
import Migration

/// One line that the callback plugin wrote.
enum AnsibleEvent: Equatable, Sendable {
    /// A play, or a batch of it, begins on the hosts that it applies to.
    case play(String, hosts: [String] = [])
    case task(String)
    /// A host is through with a task: `ok`, `changed`, `skipped`, `ignored`. Implicit ones are Ansible's own, like
    /// gathering facts.
    case done(host: String, task: String, outcome: String, isImplicit: Bool = false, detail: Detail? = nil)
    /// A task changed something, so handlers have to run on this host, later in the play.
    case notified(host: String, names: [String])
    /// That time has come: what was notified became this handler.
    case handling(host: String, names: [String])
    /// A handler ran, which has these names and topics.
    case handled(host: String, names: [String])
    case failed(host: String, task: String, message: String)
    case unreachable(host: String, message: String)
    /// The last event: what happened to each host that was seen.
    case stats([String: Stats])

    /// What is known of a task besides its name.
    struct Detail: Equatable, Sendable {
        var task: ConfigurationTask
        /// A failure that is ignored may have changed something too.
        var hasChanged: Bool
        var notifies: Set<String>
        /// What it changed, line by line, where that was asked for.
        var diff: [String] = []
    }

    struct Stats: Equatable, Sendable {
        var changed: Int
        var failures: Int
        var unreachable: Int
    }

    /// The events that a run left in a file.
    static func all(in path: String) -> [AnsibleEvent] {
        (Files.textIfThere(path) ?? "").split(whereSeparator: \.isNewline).compactMap { AnsibleEvent(line: String($0)) }
    }

    /// Nil for a line that can't be read.
    init?(line: String) {
        guard let json = try? JSON(parsing: line), let event = json["event"]?.string else { return nil }
        let host = json["host"]?.string ?? ""
        let task = json["task"]?.string ?? ""
        let message = json["message"]?.string ?? ""
        switch event {
        case "play":
            self = .play(
                json["name"]?.string ?? "", hosts: (json["hosts"]?.array ?? []).compactMap(\.string))
        case "notified": self = .notified(host: host, names: names(json))
        case "handling": self = .handling(host: host, names: names(json))
        case "handled": self = .handled(host: host, names: names(json))
        case "task": self = .task(json["name"]?.string ?? "")
        case "ok", "changed", "skipped", "ignored":
            let detail = Detail(
                task: ConfigurationTask(
                    name: task, names: Set(names(json)).subtracting([""]), tags: Set(texts(json["tags"])),
                    isHandler: json["handler"] == true),
                hasChanged: json["changed"] == true, notifies: Set(texts(json["notifies"])),
                diff: texts(json["diff"]))
            self = .done(
                host: host, task: task, outcome: event, isImplicit: json["implicit"] == true, detail: detail)
        case "failed": self = .failed(host: host, task: task, message: message)
        case "unreachable": self = .unreachable(host: host, message: message)
        case "stats":
            var all: [String: Stats] = [:]
            for (name, value) in json["hosts"]?.object ?? JSONObject() {
                all[name] = Stats(
                    changed: count(value["changed"]), failures: count(value["failures"]),
                    unreachable: count(value["unreachable"]))
            }
            self = .stats(all)
        default: return nil
        }
    }
}

private func names(_ json: JSON) -> [String] { texts(json["names"]) }
private func texts(_ json: JSON?) -> [String] { (json?.array ?? []).compactMap(\.string) }

/// Folds events into lines for people: `Install packages: 3 of 5 servers`.
struct AnsibleProgress {
    private let total: Int
    private var done: Set<String> = []

    init(servers total: Int) { self.total = total }

    mutating func line(for event: AnsibleEvent) -> String? {
        switch event {
        case .task(let name):
            done = []
            return name
        case .done(let host, let task, _, _, _):
            done.insert(host)
            return "\(task): \(done.count) of \(max(total, done.count)) servers"
        case .failed(let host, let task, _): return "\(task): failed on \(host)"
        case .unreachable(let host, _): return "\(host) can't be reached"
        case .play, .notified, .handling, .handled, .stats: return nil
        }
    }
}
