import Glibc

/// What `/proc` says about processes.
enum ProcessTable {
    /// The process of a pid as it is now; nil when there is none or when it is dead but not yet collected (state Z).
    static func identity(of pid: Int32) -> ProcessIdentity? {
        guard let entry = status(of: pid), entry.state != "Z", entry.state != "X" else { return nil }
        return ProcessIdentity(pid: pid, startTicks: entry.startTicks)
    }

    static func isAlive(_ process: ProcessIdentity) -> Bool {
        identity(of: process.pid) == process
    }

    /// The start of a process that may be dead already, as long as its pid is not collected.
    static func startTicks(of pid: Int32) -> UInt64? {
        status(of: pid)?.startTicks
    }

    /// The live session leaders whose environment has `MESOS_TASK_ID`, by task.
    ///
    /// This finds the process of a launch whose scheduler was killed before it could write the pid down.
    static func sessionLeadersByTask() -> [String: ProcessIdentity] {
        var found: [String: ProcessIdentity] = [:]
        let key = "MESOS_TASK_ID="
        for name in File.names(in: "/proc") {
            guard let pid = Int32(name), getsid(pid) == pid, let environment = try? File.read("/proc/\(pid)/environ"),
                let process = identity(of: pid)
            else { continue }
            for entry in environment.split(separator: 0) where entry.starts(with: key.utf8) {
                found[String(decoding: entry.dropFirst(key.utf8.count), as: UTF8.self)] = process
            }
        }
        return found
    }

    private static func status(of pid: Int32) -> (state: Character, startTicks: UInt64)? {
        guard let text = try? File.read("/proc/\(pid)/stat"),
            let end = text.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        // Field 2, the name, may hold anything; field 3, the state, is the first one after its last parenthesis.
        let fields = text[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first,
            let ticks = UInt64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        return (Character(Unicode.Scalar(state)), ticks)
    }
}
