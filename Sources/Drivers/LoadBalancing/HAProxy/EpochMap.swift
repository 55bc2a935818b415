import Migration
import Transport

/// The map whose entry for an environment names the run that may write.
struct EpochMap: Sendable {
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

    func entry(of epoch: Int) -> EpochEntry { EpochEntry(number: epoch, owner: owner.id) }

    /// What counts: the shared entry only where the environment has none of its own.
    func held(in answers: [String]) -> EpochEntry? { answers.lazy.compactMap(EpochMap.entry(in:)).first }

    var advice: String {
        "Name the map in its configuration, for example `http-request set-var(txn.epoch) "
            + "str(\(key)),map_str(\(path),0)` in a frontend, and reload HAProxy."
    }

    /// How a person takes a load balancer over from a journal that is lost, in a way that the next plan shows.
    func reset(_ held: EpochEntry, at address: SocketAddress) -> String {
        let key = held.owner == nil ? EpochMap.sharedKey : key
        let value = held.owner == nil ? "0" : "0@reset-by-YOUR-NAME"
        return
            "echo \"set map \(path) \(key) \(value)\" | socat - \(address.socat), and write the line `\(key) \(value)` into "
            + "that file."
    }

    static func entry(in answer: String) -> EpochEntry? {
        MapEntry.value(in: answer).flatMap { EpochEntry(Substring($0)) }
    }
}

extension SocketAddress {
    /// As socat names it.
    fileprivate var socat: String {
        let text = description
        if text.hasPrefix("unix:") { return "UNIX-CONNECT:" + text.dropFirst(5) }
        return text.hasPrefix("tcp:") ? "TCP:" + text.dropFirst(4) : text
    }
}
