import FoundationEssentials
import Glibc

/// What distinguishes a process from every other one that ever had its pid.
struct ProcessIdentity {
    var user: String
    var host: String
    var boot: String
    var namespace: String
    var pid: Int
    var start: String

    static let own: ProcessIdentity = {
        let pid = Int(getpid())
        let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
        return ProcessIdentity(
            user: userName(), host: hostName(), boot: boot.filter { !$0.isWhitespace },
            namespace: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? "",
            pid: pid, start: stat(of: pid)?.start ?? "")
    }()

    /// Whether a process that had this pid and start may still run: false only when it surely does not.
    static func mayLive(pid: Int, start: String) -> Bool {
        if let stat = stat(of: pid) { return stat.start == start && !["Z", "X"].contains(stat.state) }
        // Where /proc hides the processes of others (`hidepid`), the kernel still says whether one is there.
        return kill(pid_t(truncatingIfNeeded: pid), 0) == 0 || errno == EPERM
    }

    /// State and start of a process (proc(5), `stat`, fields 3 and 22); nil when it is gone, or hidden.
    private static func stat(of pid: Int) -> (state: String, start: String)? {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 19 else { return nil }
        return (String(fields[0]), String(fields[19]))
    }

    /// `T` when it is stopped (proc(5), `stat`, field 3); empty when it is gone, or hidden.
    static func state(of pid: Int) -> String { stat(of: pid)?.state ?? "" }

    private static func userName() -> String {
        guard let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name else { return "uid-\(geteuid())" }
        return String(cString: name)
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: Int(HOST_NAME_MAX) + 1)
        guard gethostname(&buffer, buffer.count) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension ProcessIdentity {
    /// Other processes on this host that have a file open, as far as this user may see.
    static func users(of path: String) -> [Int] {
        guard let target = FileIdentity(path) else { return [] }
        let pids = names(in: "/proc").compactMap { Int($0) }.filter { $0 != own.pid }
        return pids.sorted().filter { pid in
            names(in: "/proc/\(pid)/fd").contains { FileIdentity("/proc/\(pid)/fd/\($0)") == target }
        }
    }

    private static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
}

/// What distinguishes a file from every other, whatever its names are.
struct FileIdentity: Equatable {
    private var device: UInt
    private(set) var inode: UInt

    /// Follows links, those of `/proc` too; nil when there is no such file.
    init?(_ path: String) {
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        device = UInt(found.st_dev)
        inode = UInt(found.st_ino)
    }
}
