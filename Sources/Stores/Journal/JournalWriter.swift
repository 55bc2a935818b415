import FoundationEssentials
import Glibc

/// The process on this host that is in the middle of writing a journal.
struct JournalWriter {
    let pid: Int
    /// Whether it stands still (`SIGSTOP`, Ctrl-Z, a debugger).
    let isStopped: Bool

    /// The byte of the `-shm` file that a writer locks. Source: `WAL_WRITE_LOCK` in https://sqlite.org/walformat.html
    private static let writeLock = 120

    /// Found in the kernel's list of locks; nil when no one holds it, or it can't be seen from here.
    ///
    /// To ask for the lock with `fcntl` would do, but closing the file again would give up this process's own locks.
    init?(of path: String) {
        // A long list comes in pieces. A lock that someone gives up between two of them hides another one.
        let found = (0..<5).lazy.compactMap { _ in JournalWriter.holder(of: path + "-shm") }.first
        guard let pid = found else { return nil }
        self.pid = pid
        isStopped = ["T", "t"].contains(ProcessIdentity.state(of: pid))
    }

    /// Nil where the list as it was read just now tells of no one.
    private static func holder(of file: String) -> Int? {
        let users = ProcessIdentity.users(of: file)
        let locks = (try? String(contentsOfFile: "/proc/locks", encoding: .utf8)) ?? ""
        return locks.split(separator: "\n").lazy.compactMap { holder($0, of: file) }.first(where: users.contains)
    }

    /// Who holds the lock that a line of proc_locks(5) reports: `1: POSIX  ADVISORY  WRITE 4711 08:01:131 120 120`.
    private static func holder(_ line: Substring, of file: String) -> Int? {
        let fields = line.split(separator: " ")
        guard fields.count == 8, fields[1] == "POSIX", fields[3] == "WRITE", let pid = Int(fields[4]),
            // The device's number there is not the one that stat(2) reports, on some file systems.
            let inode = fields[5].split(separator: ":").last.flatMap({ UInt($0) }), inode == FileIdentity(file)?.inode,
            let first = Int(fields[6]), let last = Int(fields[7]), (first...max(first, last)).contains(writeLock)
        else { return nil }
        return pid
    }
}
