import FoundationEssentials
import Glibc
import Publishing
import Reporting

extension String {
    /// With spaces behind it, so that columns stand below each other.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// Standard output or standard error: whether people look at it, how wide it is, and how it is written to.
public struct Terminal: Sendable {
    public static let standardOutput = Terminal(descriptor: STDOUT_FILENO)
    public static let standardError = Terminal(descriptor: STDERR_FILENO)

    let descriptor: Int32

    var isInteractive: Bool {
        isatty(descriptor) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    /// Colors only for people, and never against NO_COLOR (https://no-color.org).
    var style: Style {
        let refusal = ProcessInfo.processInfo.environment["NO_COLOR"] ?? ""
        return Style(isColored: isInteractive && refusal.isEmpty)
    }

    /// Columns; 100 where no one says.
    var width: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
        return min(120, max(60, Int(size.ws_col)))
    }

    /// Begins an empty screen, where people look at one.
    func clear() {
        if isInteractive { _ = writeWhole(Array("\u{1B}[H\u{1B}[2J".utf8), to: descriptor) }
    }

    /// Writes a text, its secrets masked and its controls shown.
    ///
    /// - Parameter limit: after which the rest is left to a reader who is too slow; nil waits for the reader, as commands
    ///   do that only show something.
    public func write(_ text: String, within limit: Duration? = nil) {
        let bytes = Array(style.guarded(Redaction.redact(text)).utf8)
        if let limit {
            writeWhole(bytes, to: descriptor, within: limit)
        } else {
            _ = writeWhole(bytes, to: descriptor)
        }
    }
}
