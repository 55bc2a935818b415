import Foundation
import Synchronization
import Testing

/// A terminal as rz gets it, and what somebody in front of it sees and types.
final class PseudoTerminal {
    private let keyboard: Int32
    /// What rz writes to.
    let screen: Int32
    private let seen = Seen()

    private final class Seen: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }

    init() throws {
        keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(keyboard >= 0 && grantpt(keyboard) == 0 && unlockpt(keyboard) == 0)
        var name = [CChar](repeating: 0, count: 128)
        try #require(ptsname_r(keyboard, &name, name.count) == 0)
        screen = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(screen >= 0)
        // It ends when nobody has the screen open any more.
        Thread.detachNewThread { [keyboard, seen] in
            var bytes = [UInt8](repeating: 0, count: 4096)
            while case let count = read(keyboard, &bytes, bytes.count), count > 0 {
                seen.bytes.withLock { $0 += bytes.prefix(count) }
            }
            close(keyboard)
        }
    }

    deinit { close(screen) }

    var text: String { String(decoding: seen.bytes.withLock { $0 }, as: UTF8.self) }

    /// Ctrl-S: from here on whoever writes waits.
    func stop() throws { try type(0x13) }

    /// Ctrl-Q.
    func goOn() throws { try type(0x11) }

    private func type(_ byte: UInt8) throws {
        try #require(withUnsafeBytes(of: byte) { write(keyboard, $0.baseAddress, 1) } == 1)
    }
}
