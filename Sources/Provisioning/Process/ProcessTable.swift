import Glibc

/// What Linux tells of processes.
///
/// Source: proc(5), `/proc/PID/stat`; waitid(2).
enum ProcessTable {
    struct Entry {
        var process: pid_t
        var state: Substring
        var session: pid_t
        /// Clock ticks since boot: with the number, it names a process for ever.
        var startTime: UInt64
    }

    static func entry(of process: pid_t) -> Entry? {
        guard let text = Files.textIfThere("/proc/\(process)/stat"),
            // The name stands in parentheses and may itself hold some.
            let close = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 19, let session = pid_t(fields[3]), let startTime = UInt64(fields[19]) else { return nil }
        return Entry(process: process, state: fields[0], session: session, startTime: startTime)
    }

    /// Whether a child has ended; it is not reaped by asking.
    static func hasEnded(_ child: pid_t) -> Bool { waitStatus(of: child).si_signo != 0 }

    /// Whether an ended child died of a signal.
    static func wasKilled(_ child: pid_t) -> Bool {
        let code = waitStatus(of: child).si_code
        return code == Int32(CLD_KILLED) || code == Int32(CLD_DUMPED)
    }

    /// Kills whatever is left of the session of an ended, not yet reaped leader. Processes that began a session of
    /// their own, as daemons do, are left alone.
    static func endSession(_ leader: pid_t) async {
        // A process may fork while the table is read, so look until nothing is found; a few rounds are the deadline.
        for _ in 0..<20 {
            let members = processes().compactMap(entry(of:)).filter {
                $0.session == leader && $0.process != leader && $0.state != "Z"
            }
            if members.isEmpty { return }
            for member in members { kill(member.process, SIGKILL) }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func processes() -> [pid_t] { Files.names(in: "/proc").compactMap { pid_t($0) } }

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
