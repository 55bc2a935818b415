import Migration
import Synchronization

/// Which stick tables keep users at their servers (`stick on …`, `stick store-request …`), and do not only count.
///
/// Source: HAProxy 2.6 management guide, `show table`; a table has the name of the backend that declares it. Which other
/// backends use it (`stick on … table X`) HAProxy does not report.
final class StickTables: Sendable {
    /// What a table is for stays the same as long as its process lives, and asking goes through all entries of a table.
    private let known = Mutex<(pid: Int?, keeping: [String: Bool])>((nil, [:]))

    static let question = "show table"

    /// Names of the tables in the answer to `show table`.
    static func names(in answer: String) -> [String] {
        answer.utf8.split(separator: 10).compactMap { line in
            let prefix = "# table: "
            let line = Substring(line)
            guard line.hasPrefix(prefix) else { return nil }
            let name = String(line.dropFirst(prefix.count).prefix { $0 != "," })
            return ServerChange.isName(name) ? name : nil
        }
    }

    /// Asks for entries that can't be: HAProxy refuses the question where a table has no place for a server's id.
    static func question(about name: String) -> String { "show table \(name) data.server_id lt 0" }

    static func keepsUsers(_ answer: String) -> Bool { answer.hasPrefix("# table: ") }

    /// The tables of these names that keep users at their servers.
    func keepingUsers(
        among names: [String], of pid: Int?, _ socket: RuntimeSocket
    ) async throws(Failure) -> Set<String> {
        let before = known.withLock { $0.pid == pid ? $0.keeping : [:] }
        let unknown = names.filter { before[$0] == nil }
        var keeping = before
        if !unknown.isEmpty {
            let answers = try await socket.ask(unknown.map(StickTables.question(about:)))
            for (name, answer) in zip(unknown, answers) { keeping[name] = StickTables.keepsUsers(answer) }
            let learned = keeping
            known.withLock { $0 = (pid, learned) }
        }
        return Set(names.filter { keeping[$0] == true })
    }
}
