import FoundationEssentials
import Glibc
import Migration
import Runbooks
import Threads

/// Keeps the secrets that this process has seen out of everything it prints, errors too (invariant I10).
enum Redaction {
    private static let known = KnownResolvers()

    /// From now on masks whatever secrets these settings turn out to hold.
    static func cover(_ settings: SettingResolver) { known.add(settings) }

    static func redact(_ text: String) -> String {
        var secrets = Secrets()
        for settings in known.all { secrets.formUnion(settings.secrets) }
        return secrets.isEmpty ? text : secrets.redact(text)
    }
}

/// Sendable: the list is guarded by `lock`.
private final class KnownResolvers: @unchecked Sendable {
    private let lock = Lock()
    private var list: [SettingResolver] = []

    var all: [SettingResolver] { lock.withLock { list } }

    func add(_ settings: SettingResolver) { lock.withLock { list.append(settings) } }
}
