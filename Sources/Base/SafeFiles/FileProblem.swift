import Glibc

/// Why a file or folder can't be used.
public struct FileProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was tried, with the path: `write /etc/haproxy/rz.map`.
    public var action: String
    /// The system's error, or what is wrong with the folder.
    public var reason: String
    /// A command or a change that helps; nil where the reason says it all.
    public var advice: String?
    /// The system's number; 0 for what is not its refusal.
    public var code: Int32

    public init(_ action: String, reason: String, advice: String? = nil) {
        (self.action, self.reason, self.advice, code) = (action, reason, advice, 0)
    }

    /// - Parameter code: of errno(3).
    public init(_ action: String, code: Int32 = errno) {
        (self.action, self.code) = (action, code)
        reason = String(cString: strerror(code))
    }

    /// A path as a shell takes it.
    public static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "/._-+:@%,=".utf8.contains(byte)
        }
        return isPlain
            ? path
            : "'"
                + path.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
    }

    public var isMissing: Bool { code == ENOENT }
    public var description: String { "\(action): \(reason)" }
}
