import FoundationEssentials
import Glibc
import Synchronization

/// Two files that are appended to by turns: when one is full, the other is emptied and gets the next lines.
final class RingFiles: Sendable {
    let folder: String
    /// The file whose turn it is; nil until the first line, as another process may have been here before.
    private let turn = Mutex<Int?>(nil)

    init(folder: String) { self.folder = folder }

    private var paths: [String] { [folder + "/0.jsonl", folder + "/1.jsonl"] }

    /// Of both files; those that can't be read are missing.
    var contents: [Data] { paths.compactMap { FileManager.default.contents(atPath: $0) } }

    /// Appends a line in one piece. What goes wrong costs this line and is not reported.
    ///
    /// - Parameter largest: what a file holds at most before the other one's turn comes.
    func append(_ line: [UInt8], largest: Int) {
        turn.withLock { turn in
            var current = turn ?? newest
            var size = RingFiles.size(of: paths[current])
            let isFull = size > 0 && size + line.count > largest
            if isFull { (current, size) = (1 - current, 0) }
            turn = current
            append(line, to: paths[current], size: size, emptying: isFull)
        }
    }

    private func append(_ line: [UInt8], to path: String, size: Int, emptying: Bool) {
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (emptying ? O_TRUNC : 0)
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // A line that was cut off, by a full disk or a kill, must not take this one along.
        let isWhole = RingFiles.endsWithLine(path, size)
        _ = writeWhole((isWhole ? [] : [10]) + line, to: descriptor)
    }

    /// The one that was written last.
    private var newest: Int {
        let times = paths.map { path in
            let time = RingFiles.status(of: path)?.st_mtim ?? timespec()
            return (time.tv_sec, time.tv_nsec)
        }
        return times[1] > times[0] ? 1 : 0
    }

    private static func size(of path: String) -> Int { status(of: path).map { Int($0.st_size) } ?? 0 }

    private static func status(of path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    private static func endsWithLine(_ path: String, _ size: Int) -> Bool {
        let file = size > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1
        guard file >= 0 else { return true }
        defer { close(file) }
        var last: UInt8 = 0
        return pread(file, &last, 1, off_t(size - 1)) == 1 && last == 10
    }
}
