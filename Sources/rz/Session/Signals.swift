import Dispatch
import Foundation

/// Ctrl-C and SIGTERM: the first asks for a clean halt, the second ends the process at once; both leave a run that
/// can be resumed.
struct Signals {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter first: called on the first of these signals.
    init(first: @escaping @Sendable () -> Void) {
        let count = SignalCount()
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                guard count.next() == 1 else {
                    Terminal.standardError.write("\nStopped at once. Go on with: rz resume\n")
                    _exit(ExitStatus.interrupted.rawValue)
                }
                first()
            }
            source.resume()
            return source
        }
    }

    func stop() {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }
}

/// Sendable: the number is guarded by `lock`.
private final class SignalCount: @unchecked Sendable {
    private let lock = NSLock()
    private var number = 0

    func next() -> Int {
        lock.withLock {
            number += 1
            return number
        }
    }
}
