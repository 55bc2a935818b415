import Dispatch
import FoundationEssentials
import Glibc
import Threads

/// Ctrl-C and SIGTERM: the first asks for a clean halt, the second ends the process at once; both leave a run that
/// can be resumed. A terminal that is closed (SIGHUP) ends nothing: the run goes on, and its journal is the output.
public struct Signals {
    private let sources: [any DispatchSourceSignal]
    /// What SIGHUP did before.
    private let hangup: sighandler_t?

    /// - Parameter first: called on the first of these signals.
    public init(first: @escaping @Sendable () -> Void) {
        let count = SignalCount()
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                guard count.next() == 1 else {
                    Terminal.standardError.write(
                        "\nStopped at once. Go on with: rz resume\n", within: .milliseconds(200))
                    _exit(ExitStatus.interrupted.rawValue)
                }
                first()
            }
            source.resume()
            return source
        }
        hangup = signal(SIGHUP, survive)
    }

    /// From now on whoever reads a pipe or a socket may go: a write then fails, and the process lives.
    static func outliveReaders() { signal(SIGPIPE, survive) }

    public func stop() {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        signal(SIGHUP, hangup)
    }
}

/// Does nothing. A handler in place of `SIG_IGN`, which programs that rz starts would inherit.
private let survive: @convention(c) (Int32) -> Void = { _ in }

/// Sendable: the number is guarded by `lock`.
private final class SignalCount: @unchecked Sendable {
    private let lock = Lock()
    private var number = 0

    func next() -> Int {
        lock.withLock {
            number += 1
            return number
        }
    }
}
