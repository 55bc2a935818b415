import Foundation
import Synchronization
import Testing

/// A terminal as rz gets it, and what a person in front of it sees and types.
final class PseudoTerminal {
    private let keyboard: Int32
    /// What rz writes to.
    let screen: Int32
    private let seen = Seen()

    private final class Seen: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }

    init() throws {
        var ends: (keyboard: Int32, screen: Int32) = (-1, -1)
        try #require(openpty(&ends.keyboard, &ends.screen, nil, nil, nil) == 0)
        for end in [ends.keyboard, ends.screen] { try #require(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
        (keyboard, screen) = ends
        // It ends when no process has the screen open any more.
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

    /// What a person types, line by line.
    func type(_ text: String) throws {
        for byte in text.utf8 { try type(byte) }
    }

    private func type(_ byte: UInt8) throws {
        try #require(withUnsafeBytes(of: byte) { write(keyboard, $0.baseAddress, 1) } == 1)
    }
}
