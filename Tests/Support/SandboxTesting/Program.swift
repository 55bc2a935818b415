import Foundation
import JSON
import Migration
import Waiting

/// A running rz, or a program it works with, its output in files, ended with the test.
///
/// Sendable: `wait` is guarded by `lock`, everything else never changes.
package final class Program: @unchecked Sendable {
    package struct Ended: Sendable {
        package var status: Int32
        package var output: String
        package var errors: String
        /// Both, for messages of tests.
        package var all: String { output + errors }
        /// The events that `--json` printed.
        package var events: [JSON] { Program.events(in: output) }
    }

    package let pid: pid_t
    private let name: String
    private let outputFile: String
    private let errorFile: String
    private let lock = NSLock()
    /// What waitpid(2) said of the ended process.
    private var wait: Int32?

    /// Starts a program with these arguments.
    ///
    /// - Parameters:
    ///   - variables: beside those of the test.
    ///   - folder: for the files of its output.
    ///   - executable: its file.
    ///   - input: the file it reads.
    ///   - standardOutput: a descriptor to write to in place of a file.
    package init(
        _ arguments: [String], variables: [String: String], folder: String, executable: String = Program.rz.path,
        input: String = "/dev/null", standardOutput: Int32? = nil
    ) throws {
        name = ([URL(filePath: executable).lastPathComponent] + arguments).joined(separator: " ")
        let path = "\(folder)/\(UUID().uuidString)"
        (outputFile, errorFile) = (path + ".out", path + ".err")
        pid = try spawn(
            [executable] + arguments,
            variables: ProcessInfo.processInfo.environment.merging(variables) { $1 }, input: input,
            output: outputFile, descriptor: standardOutput, errors: errorFile)
    }

    deinit {
        if isRunning {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
    }

    /// The rz that was built with the tests, or that `RZ_UNDER_TEST` names: an older one, to see a test fail.
    package static let rz: URL = {
        if let path = ProcessInfo.processInfo.environment["RZ_UNDER_TEST"] { return URL(filePath: path) }
        return built("rz")
    }()

    /// The rz that ends or stops itself where `RZ_KILL_POINTS` says.
    package static let rzWithKillPoints = built("rz-killpoints")

    /// What `rz sandbox` runs.
    package static let sandbox = built("rz-sandbox")

    private static func built(_ name: String) -> URL {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let beside = folder.appending(path: name)
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        return checkout.appending(path: ".build/debug/\(name)")
    }

    package static let checkout = URL(filePath: #filePath).appending(path: "../../../..").standardized

    package var output: String { (try? String(contentsOfFile: outputFile, encoding: .utf8)) ?? "" }
    package var errors: String { (try? String(contentsOfFile: errorFile, encoding: .utf8)) ?? "" }

    /// The events that `--json` has printed so far.
    package var events: [JSON] { Program.events(in: output) }

    /// Without the line that says which version the others have.
    private static func events(in output: String) -> [JSON] {
        output.split(separator: "\n").compactMap { try? JSON(parsing: String($0)) }
            .filter { $0["type"]?.string != "version" }
    }

    package var isRunning: Bool {
        lock.withLock {
            guard wait == nil else { return false }
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) != pid { return true }
            wait = status
            return false
        }
    }

    /// Whether a signal stopped it (proc(5), `stat`, field 3).
    package var isStopped: Bool {
        let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return stat.split(separator: ")").last?.split(separator: " ").first == "T"
    }

    package func signal(_ number: Int32) { kill(pid, number) }

    /// Waits for its end; past the deadline the test fails.
    package func end(within limit: Duration = .seconds(120)) async throws -> Ended {
        try await eventually("\(name) ends", within: limit) { !isRunning }
        let errors = errors
        return Ended(status: status, output: output, errors: errors)
    }

    /// Its exit code, or 128 and the number of the signal that ended it.
    private var status: Int32 {
        let status = lock.withLock { wait } ?? 0
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }

    /// Waits until its output holds a text.
    package func waitForOutput(_ text: String, within limit: Duration = .seconds(90)) async throws {
        try await eventually("\(name) says \(text)", within: limit) { output.contains(text) || !isRunning }
        try require(output.contains(text), "rz ended without saying \(text): \(output.suffix(600))")
    }

    /// The same of what it prints as an error.
    package func waitForErrors(_ text: String, within limit: Duration = .seconds(90)) async throws {
        try await eventually("\(name) says \(text)", within: limit) { errors.contains(text) || !isRunning }
        try require(errors.contains(text), "rz ended without saying \(text): \(errors.suffix(600))")
    }
}

/// Starts a program as a shell would: no signal blocked or ignored, in a process group of its own. (A child of
/// Foundation's `Process` inherits the signals that the calling thread blocks, SIGTERM among them.)
private func spawn(
    _ arguments: [String], variables: [String: String], input: String, output: String, descriptor: Int32?,
    errors: String
) throws -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETPGROUP)
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input, O_RDONLY, 0)
    if let descriptor {
        posix_spawn_file_actions_adddup2(&files, descriptor, STDOUT_FILENO)
    } else {
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

    var words = arguments.map { strdup($0) } + [nil]
    var environment = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + environment { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, arguments[0], &files, &attributes, &words, &environment)
    try require(code == 0, "\(arguments[0]) can't be started: \(String(cString: strerror(code)))")
    return pid
}

extension JSON {
    /// When an event happened.
    package var time: Instant? { self["time"]?.string.flatMap { Instant($0) } }
}
