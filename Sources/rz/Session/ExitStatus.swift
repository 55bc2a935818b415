import ArgumentParser
import Glibc
import Migration
import Runbooks

/// What rz returns to the shell.
public enum ExitStatus: Int32 {
    case done = 0
    case error = 1
    /// `rz plan`: there is something to do.
    case changes = 2
    /// Stopped, and can be resumed.
    case halted = 3
    case rolledBack = 4
    /// Refused before anything was changed: a lock, a stale plan, a dirty checkout, a policy.
    case refused = 5
    /// Halted cleanly by Ctrl-C; can be resumed.
    case interrupted = 130

    var code: ExitCode { ExitCode(rawValue) }
}

/// Runs a command's work; a failure is printed on standard error with its next step, and decides the exit status.
public func exiting(_ work: () async throws -> ExitStatus) async throws {
    let status: ExitStatus
    do {
        status = try await work()
    } catch let failure as Failure {
        Terminal.standardError.write("error: \(failure.description)\n", within: .seconds(2))
        throw (failure.kind == .refused ? ExitStatus.refused : .error).code
    } catch let error as ConfigurationError {
        Terminal.standardError.write(
            "error: \(error.description)\nFix it, then check it with: rz validate\n", within: .seconds(2))
        throw ExitStatus.error.code
    }
    if status != .done { throw status.code }
}
