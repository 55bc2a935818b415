import Foundation
import Migration

/// A file that only its owner may read, whoever could read the one that it replaces.
enum PrivateFile {
    /// Writes a text in one piece: readers see the old file or the new one.
    ///
    /// - Throws: `Failure` that says why it can't be written; then the old file stays.
    static func write(_ text: String, to path: String) throws(Failure) {
        let draft = "\(path).\(getpid()).new"
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failure(path) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            guard written > 0 || errno == EINTR else { break }
            rest = rest.dropFirst(max(0, written))
        }
        guard rest.isEmpty, fsync(file) == 0, rename(draft, path) == 0 else {
            let problem = failure(path)
            close(file)
            unlink(draft)
            throw problem
        }
        close(file)
    }

    private static func failure(_ path: String) -> Failure {
        Failure(
            "The plan can't be saved", at: path, details: [String(cString: strerror(errno))],
            advice: "Name a file in a folder that is there and that this user may write: -o FILE.")
    }
}
