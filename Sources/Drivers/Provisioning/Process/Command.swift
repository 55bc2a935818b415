import Migration

/// A program to run: every argument by itself, no shell, nothing inherited that is not named here.
public struct Command: Sendable {
    /// A path, or a name that is looked up in the `PATH` of `environment`.
    public var program: String
    public var arguments: [String]
    public var environment: [String: String]
    /// The folder in which the program runs; a relative path of the program is relative to it.
    public var folder: String
    /// How long the program may take before it is stopped.
    public var deadline: Period
    public var stopping: Stopping
    /// The file that is its standard input; nil for none.
    var input: String?

    public init(
        _ program: String, _ arguments: [String], environment: [String: String], folder: String,
        deadline: Period = .minutes(5), stopping: Stopping = Stopping()
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
        self.deadline = deadline
        self.stopping = stopping
    }

    /// The program's path if it names one, made absolute.
    var path: String? {
        guard program.contains("/") else { return nil }
        return program.hasPrefix("/") ? program : folder + "/" + program
    }

    /// The program as people call it. Arguments stay out of messages, as they may hold a secret.
    var name: String { program.split(separator: "/").last.map(String.init) ?? program }
}

/// How a program is asked to end: SIGINT, then SIGTERM, then SIGKILL to all that is left of its session.
public struct Stopping: Sendable, Hashable {
    /// Whether SIGINT and SIGTERM go to the whole process group, as Ctrl-C does, or to the program alone.
    public var signalsGroup: Bool
    /// Time between SIGINT and SIGTERM.
    public var afterInterrupt: Period
    /// Time between SIGTERM and SIGKILL.
    public var afterTerminate: Period

    /// Whether SIGKILL goes to sessions that its children began as well.
    public var followsChildren: Bool

    /// Time from SIGINT to SIGKILL.
    var longest: Period { afterInterrupt + afterTerminate }

    public init(
        signalsGroup: Bool = true, afterInterrupt: Period = .seconds(10), afterTerminate: Period = .seconds(5),
        followsChildren: Bool = false
    ) {
        self.signalsGroup = signalsGroup
        self.afterInterrupt = afterInterrupt
        self.afterTerminate = afterTerminate
        self.followsChildren = followsChildren
    }
}

/// How a program ended.
public struct ProcessEnd: Sendable, Hashable {
    public enum Status: Sendable, Hashable { case exited(Int32), signaled(Int32) }
    public enum Reason: Sendable, Hashable { case itself, cancelled, late }

    public var status: Status
    /// Why it ended: by itself, or because it was asked to.
    public var reason: Reason

    public var isSuccess: Bool { status == .exited(0) && reason == .itself }

    /// For people: `it ended with code 3`.
    var words: String {
        switch status {
        case .exited(let code): "it ended with code \(code)"
        case .signaled(let signal): "it was killed by signal \(signal)"
        }
    }

    /// Fails for a program that was asked to stop, however it ended.
    func refuseStopped(_ command: Command) throws(Failure) {
        switch reason {
        case .itself: return
        case .cancelled: throw .cancelled
        case .late:
            throw Failure(
                "\(command.name) was stopped: not done within \(command.deadline)", at: command.folder,
                kind: .unknownEffect)
        }
    }
}
