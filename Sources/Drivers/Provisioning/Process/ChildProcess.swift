import Glibc
import Migration
import Subprocess
import Synchronization
import SystemPackage

/// A running program in a session of its own, so that a terminal's Ctrl-C reaches only rz.
///
/// Its output goes to files, never to pipes: a pipe that closes when rz dies would take the program along (SIGPIPE)
/// in the middle of its work. rz reads the files while they grow.
public struct ChildProcess: Sendable {
    public let command: Command

    public init(_ command: Command) { self.command = command }

    /// Runs the program until it really has ended, also when the task is cancelled or its deadline passes: then it is
    /// asked to stop, in the steps of `Stopping`.
    ///
    /// - Parameters:
    ///   - output: receives standard output.
    ///   - errors: receives standard error; nil for the same file as standard output.
    ///   - record: a file that holds the process's identity while it runs, for the rz that comes after a crash.
    ///   - followed: the file whose lines `onLine` receives, if that is not standard output.
    ///   - onLine: receives each line as it is written; once the task is cancelled, no more. When it is slower than the
    ///     program, only the last thousand lines wait for it: what must not be missed is read from the file.
    /// - Throws: `Failure` if the program can't be started.
    public func run(
        output: OutputFile, errors: OutputFile? = nil, record: ProcessRecord? = nil,
        following followed: OutputFile? = nil, onLine: (String) async -> Void = { _ in }
    ) async throws(Failure) -> ProcessEnd {
        let stop = StopRequest()
        let (lines, feed) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1000))
        // A detached task: cancelling a task that is inside Subprocess.run would end the child its own way.
        let work = Task.detached { () -> Result<ProcessEnd, Failure> in
            defer { feed.finish() }
            do throws(Failure) {
                return .success(try await launch(output, errors ?? output, followed ?? output, record, feed, stop))
            } catch {
                return .failure(error)
            }
        }
        return try await withTaskCancellationHandler {
            for await line in lines { await onLine(line) }
            return await work.value
        } onCancel: {
            stop.isRaised.store(true, ordering: .relaxed)
        }.get()
    }

    private func launch(
        _ output: OutputFile, _ errors: OutputFile, _ followed: OutputFile, _ record: ProcessRecord?,
        _ lines: AsyncStream<String>.Continuation, _ stop: StopRequest
    ) async throws(Failure) -> ProcessEnd {
        if stop.isRaised.load(ordering: .relaxed) { throw .cancelled }
        var options = PlatformOptions()
        options.createSession = true
        let input = open(command.input ?? "/dev/null", O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw Files.failure("The file can't be read", command.input ?? "/dev/null") }
        defer { close(input) }
        do {
            let result = try await Subprocess.run(
                command.path.map { .path(FilePath($0)) } ?? .name(command.program),
                arguments: Arguments(command.arguments), environment: childEnvironment,
                workingDirectory: FilePath(command.folder), platformOptions: options,
                input: .fileDescriptor(FileDescriptor(rawValue: input), closeAfterSpawningProcess: false),
                output: .fileDescriptor(output.descriptor, closeAfterSpawningProcess: false),
                error: .fileDescriptor(errors.descriptor, closeAfterSpawningProcess: false)
            ) { execution in
                await attend(execution.processIdentifier.value, followed, record, lines, stop)
            }
            return ProcessEnd(status: status(result.terminationStatus), reason: result.closureResult)
        } catch {
            throw failure(toStart: error)
        }
    }

    /// Stays beside the process until it has ended but is not reaped yet: so long, its number can't be another's.
    private func attend(
        _ process: pid_t, _ followed: OutputFile, _ record: ProcessRecord?, _ lines: AsyncStream<String>.Continuation,
        _ stop: StopRequest
    ) async -> ProcessEnd.Reason {
        let clock = ContinuousClock()
        let begin = clock.now
        var ladder = StopLadder(process: process, stopping: command.stopping)
        var family = ProcessFamily(of: process, followsChildren: command.stopping.followsChildren)
        var reason = ProcessEnd.Reason.itself
        var tail = LineTail(of: followed)
        var pause = Duration.milliseconds(1)
        record?.write(process)
        while !ProcessTable.hasEnded(process) {
            for line in tail.newLines() { lines.yield(line) }
            if reason == .itself, stop.isRaised.load(ordering: .relaxed) { reason = .cancelled }
            if reason == .itself, clock.now - begin > command.deadline.duration { reason = .late }
            family.noteChildren()
            if reason != .itself {
                family.noteDescendants()
                ladder.step(at: clock.now)
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(20))
        }
        if reason != .itself || ProcessTable.wasKilled(process) { await family.end() }
        for line in tail.rest() { lines.yield(line) }
        record?.remove(of: process)
        return reason
    }

    private var childEnvironment: Subprocess.Environment {
        .custom(
            Dictionary(
                uniqueKeysWithValues: command.environment.map { (Subprocess.Environment.Key(stringLiteral: $0), $1) }))
    }

    private func status(_ status: TerminationStatus) -> ProcessEnd.Status {
        switch status {
        case .exited(let code): .exited(code)
        case .signaled(let signal): .signaled(signal)
        }
    }

    private func failure(toStart error: any Error) -> Failure {
        guard let error = error as? SubprocessError, error.code == .executableNotFound else {
            return Failure("\(command.name) can't be started", at: command.folder, details: ["\(error)"])
        }
        return Failure(
            "\(command.program) is not installed, or not an executable file", at: command.folder,
            advice: "Install it, or correct its path. `rz doctor` lists what is missing.")
    }
}

/// Raised by a cancellation, seen by the task that attends the process.
private final class StopRequest: Sendable {
    let isRaised = Atomic<Bool>(false)
}
