import Glibc

/// What Linux reports about processes.
///
/// Source: proc(5), `/proc/PID/stat`; waitid(2).
enum ProcessTable {
    struct Entry {
        var process: pid_t
        var state: Substring
        var parent: pid_t
        var session: pid_t
        /// Clock ticks since boot: with the number, it names a process forever.
        var startTime: UInt64
    }

    static func entry(of process: pid_t) -> Entry? {
        guard let text = Files.textIfThere("/proc/\(process)/stat"),
            // The name stands in parentheses and may itself hold some.
            let close = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 19, let parent = pid_t(fields[1]), let session = pid_t(fields[3]),
            let startTime = UInt64(fields[19])
        else { return nil }
        return Entry(process: process, state: fields[0], parent: parent, session: session, startTime: startTime)
    }

    /// All processes of this machine.
    static func entries() -> [Entry] { Files.names(in: "/proc").compactMap { pid_t($0) }.compactMap(entry(of:)) }

    /// The processes that a single-threaded process has forked and not yet reaped; cheap enough to ask all the time.
    static func children(of process: pid_t) -> [pid_t] {
        (Files.textIfThere("/proc/\(process)/task/\(process)/children") ?? "").split(separator: " ")
            .compactMap { pid_t($0) }
    }

    /// Whether a child has ended; it is not reaped by asking.
    static func hasEnded(_ child: pid_t) -> Bool { waitStatus(of: child).si_signo != 0 }

    /// Whether an ended child died of a signal.
    static func wasKilled(_ child: pid_t) -> Bool {
        let code = waitStatus(of: child).si_code
        return code == Int32(CLD_KILLED) || code == Int32(CLD_DUMPED)
    }

    private static func waitStatus(of child: pid_t) -> siginfo_t {
        var information = siginfo_t()
        while waitid(P_PID, id_t(child), &information, WEXITED | WNOHANG | WNOWAIT) != 0 {
            // Nobody else reaps our children, so any other error means that there is nothing to wait for.
            guard errno == EINTR else {
                information.si_signo = SIGCHLD
                return information
            }
        }
        return information
    }
}
