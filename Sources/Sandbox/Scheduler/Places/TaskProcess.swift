import Glibc

/// Task processes: each in a session of its own, so that it outlives the scheduler and can be ended as a whole.
enum TaskProcess {
    struct Launch: Sendable {
        let arguments: [String]
        let environment: [String: String]
        let workingDirectory: String
        let outputFile: String
        let errorFile: String
    }

    /// Starts a process; it inherits no file descriptor, no signal mask and no ignored signal.
    ///
    /// - Returns: its identity; the process may have ended again already.
    static func spawn(_ launch: Launch) throws(File.Failure) -> ProcessIdentity {
        guard let addChangeDirectory = GlibcSpawn.addChangeDirectory, let addCloseFrom = GlibcSpawn.addCloseFrom else {
            throw File.Failure("start (glibc 2.34 is needed)", launch.arguments[0], code: ENOSYS)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        _ = addChangeDirectory(&actions, launch.workingDirectory)
        let output = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, launch.outputFile, output, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, launch.errorFile, output, 0o600)
        _ = addCloseFrom(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        let flags = GlibcSpawn.setSession | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var arguments: [UnsafeMutablePointer<CChar>?] = launch.arguments.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] =
            launch.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for pointer in arguments + environment { free(pointer) }
        }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, launch.arguments[0], &actions, &attributes, &arguments, &environment)
        guard code == 0 else { throw File.Failure("start", launch.arguments[0], code: code) }
        return ProcessIdentity(pid: pid, startTicks: ProcessTable.startTicks(of: pid) ?? 0)
    }

    /// Signals every process of the session's group; a pid that now belongs to another process is left alone.
    static func signal(_ process: ProcessIdentity, force: Bool) {
        guard ProcessTable.startTicks(of: process.pid) == process.startTicks else { return }
        kill(-process.pid, force ? SIGKILL : SIGTERM)
    }

    /// How a process ended; nil while it lives. Collects it when it is our child.
    ///
    /// A process of an earlier scheduler is not our child; whether it is dead but uncollected, or its pid another
    /// process's, only a `thorough` look finds out, which costs more.
    static func exit(of process: ProcessIdentity, thorough: Bool = true) -> TaskExit? {
        var status: Int32 = 0
        let collected = waitpid(process.pid, &status, WNOHANG)
        if collected == 0 { return nil }
        if collected == process.pid {
            // What the task left behind in its group ends with it.
            kill(-process.pid, SIGKILL)
            let signal = status & 0x7f
            return signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
        }
        if !thorough, kill(process.pid, 0) == 0 { return nil }
        return ProcessTable.isAlive(process) ? nil : .unobserved
    }
}

/// What glibc's `spawn.h` declares for C only under `_GNU_SOURCE`, and the Glibc module therefore does not show.
private enum GlibcSpawn {
    /// `POSIX_SPAWN_SETSID`, glibc 2.26.
    static let setSession: Int32 = 0x80

    typealias AddChangeDirectory =
        @convention(c) (
            UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>
        ) -> Int32
    typealias AddCloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32

    /// `posix_spawn_file_actions_addchdir_np`, glibc 2.29.
    static let addChangeDirectory = symbol("posix_spawn_file_actions_addchdir_np").map {
        unsafeBitCast($0, to: AddChangeDirectory.self)
    }
    /// `posix_spawn_file_actions_addclosefrom_np`, glibc 2.34.
    static let addCloseFrom = symbol("posix_spawn_file_actions_addclosefrom_np").map {
        unsafeBitCast($0, to: AddCloseFrom.self)
    }

    private static func symbol(_ name: String) -> UnsafeMutableRawPointer? {
        dlsym(nil, name)
    }
}
