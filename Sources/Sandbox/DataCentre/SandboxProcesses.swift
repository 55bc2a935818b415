import Foundation
import Migration

/// The processes of a sandbox, found by the mark in their environment variables: whoever started them, and whether
/// or not that one still lives.
struct SandboxProcesses {
    let id: String

    /// The environment variable that marks them.
    static let mark = "RZ_SANDBOX"

    /// The variables of rz that a process of the sandbox gets, beside the mark: what `servers.py` hands on, too.
    private static let inherited = [
        "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "RZ_HOME", "TMPDIR", "TZ", "USER",
    ]

    /// The environment of a process of the sandbox.
    var variables: [String: String] {
        var variables = [SandboxProcesses.mark: id]
        for name in SandboxProcesses.inherited { variables[name] = ProcessInfo.processInfo.environment[name] }
        return variables
    }

    /// Pids of all that live, this process and its parents excepted.
    var pids: [pid_t] {
        let wanted = Array("\(SandboxProcesses.mark)=\(id)".utf8)
        let own = SandboxProcesses.ancestors
        return File.names(in: "/proc").compactMap { pid_t($0) }.filter { pid in
            guard !own.contains(pid), let environment = try? File.read("/proc/\(pid)/environ"), !environment.isEmpty
            else { return false }
            return environment.split(separator: 0).contains { Array($0) == wanted } && isAlive(pid)
        }
    }

    /// Ends them all: asked first, killed after a while.
    ///
    /// - Returns: how many there were.
    /// - Throws: `Failure` when some still live after that.
    func end() async throws(Failure) -> Int {
        let first = pids
        for pid in first { kill(pid, SIGTERM) }
        if await areGone(within: .seconds(5)) { return first.count }
        let deadline = ContinuousClock.now + .seconds(5)
        while !pids.isEmpty, ContinuousClock.now < deadline {
            for pid in pids { kill(pid, SIGKILL) }
            _ = await areGone(within: .milliseconds(500))
        }
        let left = pids
        guard left.isEmpty else {
            throw Failure(
                "\(left.count) processes of the sandbox can't be ended", details: left.map { "pid \($0)" },
                advice: "Do they belong to another user?")
        }
        return first.count
    }

    private func areGone(within time: Duration) async -> Bool {
        let deadline = ContinuousClock.now + time
        while ContinuousClock.now < deadline {
            if pids.isEmpty { return true }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return pids.isEmpty
    }

    /// A zombie is dead, only not yet collected.
    private func isAlive(_ pid: pid_t) -> Bool {
        guard let stat = try? File.read("/proc/\(pid)/stat"), let end = stat.lastIndex(of: UInt8(ascii: ")")) else {
            return false
        }
        return !stat[(end + 1)...].prefix(3).contains(UInt8(ascii: "Z"))
    }

    private static var ancestors: Set<pid_t> {
        var found: Set<pid_t> = []
        var pid = getpid()
        while pid > 1, found.insert(pid).inserted {
            guard let stat = try? File.read("/proc/\(pid)/stat"), let end = stat.lastIndex(of: UInt8(ascii: ")")) else {
                break
            }
            let fields = String(decoding: stat[(end + 2)...], as: UTF8.self).split(separator: " ")
            pid = fields.count > 1 ? pid_t(fields[1]) ?? 0 : 0
        }
        return found
    }
}
