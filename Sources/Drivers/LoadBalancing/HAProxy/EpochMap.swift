import Migration
import Transport

/// Who moves an environment, as written on load balancers: the runs of one journal.
public struct EpochOwner: Sendable, Hashable {
    public let environment: String
    /// Stays the same for all runs of a journal, and no other journal has it.
    public let id: String

    public init(environment: String, id: String) {
        self.environment = environment
        self.id = id
    }
}

/// The map whose entry for an environment names the run that may write.
struct EpochMap: Sendable {
    /// What the map has for an environment: `7@ab12`.
    struct Entry: Sendable, Hashable, CustomStringConvertible {
        var number: Int
        /// Nil in an entry of rz 0.1, which had one for all environments.
        var owner: String?

        init(number: Int, owner: String?) {
            self.number = number
            self.owner = owner
        }

        init?(_ text: Substring) {
            let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, let number = Int(first) else { return nil }
            self.init(number: number, owner: parts.count == 2 ? String(parts[1]) : nil)
        }

        var description: String { owner.map { "\(number)@\($0)" } ?? "\(number)" }

        /// Whether a run with this entry is refused where the load balancer holds `held`.
        func isRefused(by held: Entry) -> Bool {
            held.number > number || (held.number == number && held.owner != nil && held.owner != owner)
        }
    }

    /// As HAProxy's configuration names it: HAProxy knows a map by this text.
    let path: String
    private let owner: EpochOwner

    /// Nil for a path, an environment or an id that HAProxy would read as several words or commands.
    init?(_ path: String, _ owner: EpochOwner) {
        guard MapEntry.isPlain(path), ServerChange.isName(owner.environment),
            ServerChange.isName(owner.id)
        else { return nil }
        self.path = path
        self.owner = owner
    }

    var key: String { "epoch-\(owner.environment)" }
    /// Of rz 0.1.
    static let sharedKey = "epoch"

    /// The environment's own entry, then the one that environments shared.
    var questions: [String] { [key, EpochMap.sharedKey].map { "get map \(path) \($0)" } }

    func entry(of epoch: Int) -> Entry { Entry(number: epoch, owner: owner.id) }

    /// What counts: the shared entry only where the environment has none of its own.
    func held(in answers: [String]) -> Entry? { answers.lazy.compactMap(EpochMap.entry(in:)).first }

    func isOther(_ held: Entry) -> Bool { held.owner != nil && held.owner != owner.id }

    var advice: String {
        "Name the map in its configuration, for example `http-request set-var(txn.epoch) "
            + "str(\(key)),map_str(\(path),0)` in a frontend, and reload HAProxy."
    }

    /// How a person takes a load balancer over from a journal that is lost, in a way that the next plan shows.
    func reset(_ held: Entry, at address: SocketAddress) -> String {
        let key = held.owner == nil ? EpochMap.sharedKey : key
        let value = held.owner == nil ? "0" : "0@reset-by-YOUR-NAME"
        return
            "See which run now owns \(owner.environment): rz status and rz history, there and here. Only if that journal is lost and "
            + "none of its runs is active: echo \"set map \(path) \(key) \(value)\" | socat - \(address.socat), and write the line "
            + "`\(key) \(value)` into that file."
    }

    static func entry(in answer: String) -> Entry? { MapEntry.value(in: answer).flatMap { Entry(Substring($0)) } }
}

extension SocketAddress {
    /// As socat names it.
    fileprivate var socat: String {
        let text = description
        if text.hasPrefix("unix:") { return "UNIX-CONNECT:" + text.dropFirst(5) }
        return text.hasPrefix("tcp:") ? "TCP:" + text.dropFirst(4) : text
    }
}
