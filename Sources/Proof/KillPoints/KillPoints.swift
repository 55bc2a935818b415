import Foundation
import Glibc
import Migration

/// Ends or stops the process at a chosen place, so that a test can see what the next process makes of it.
///
/// Every journal append and every call through a driver is two kill points: before it, and after it while nothing of
/// it is written down. It is there for `make crash-test`, whose program `rz-killpoints` is the only one that links this
/// module. Without `RZ_KILL_POINTS` in the environment `active` is nil, and nothing is wrapped.
///
/// Points have names that mean the same in every run. Waits ask a different number of times in each run, so a reading
/// call, or an append that only reports progress, is a point the first time, and again only once its activity has
/// changed something (at the same outside system, or in the journal). Nothing is lost by that: a repeat finds journal
/// and world as the first one did, so whoever comes after the kill can't distinguish them.
///
/// Sendable: `state` is guarded by `lock`, everything else never changes.
public final class KillPoints: @unchecked Sendable {
    /// The points of this process; nil unless `RZ_KILL_POINTS` names a file of orders.
    public static let active: KillPoints? = {
        guard let path = ProcessInfo.processInfo.environment["RZ_KILL_POINTS"], !path.isEmpty else { return nil }
        do throws(Failure) {
            return KillPoints(try KillOrders(contentsOf: path))
        } catch {
            // A test that believes to kill and does not would prove nothing.
            FileHandle.standardError.write(Data("error: \(error)\n".utf8))
            exit(1)
        }
    }()

    private struct State {
        var signals: [String: Int32]
        /// How often a call came, by activity, call and moment.
        var occurrences: [String: Int] = [:]
        /// What was asked since the last change, by activity and outside system.
        var asked: [String: [String: Set<String>]] = [:]
    }

    private let lock = NSLock()
    private let log: Int32
    private var state: State

    init(_ orders: KillOrders) {
        state = State(signals: orders.signals)
        log = orders.logFile.map { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) } ?? -1
    }

    /// Makes a call between its two points.
    ///
    /// - Parameters:
    ///   - system: whom the call is made to, for example `edge-1`.
    ///   - changes: whether it may change something there.
    public func around<Result, Failed: Error>(
        _ system: String, _ call: String, changes: Bool, _ work: () async throws(Failed) -> Result
    ) async throws(Failed) -> Result {
        guard var point = begin(system, call, .before, changes: changes) else { return try await work() }
        pass(point)
        point.moment = .after
        do throws(Failed) {
            let result = try await work()
            pass(point)
            return result
        } catch {
            pass(point)
            throw error
        }
    }

    /// A line of progress: a point in the middle of the call that reports it.
    func during(_ call: String) {
        if let point = begin("", call, .during, changes: true) { pass(point) }
    }

    /// Nil for a repeat that is no point.
    private func begin(_ system: String, _ call: String, _ moment: KillPoint.Moment, changes: Bool) -> KillPoint? {
        let activity = Activity.current
        return lock.withLock {
            if !changes {
                guard state.asked[activity, default: [:]][system, default: []].insert(call).inserted else { return nil }
            } else if system == KillPoints.journal {
                state.asked[activity] = nil
            } else {
                state.asked[activity]?[system] = nil
            }
            let number = state.occurrences["\(activity): \(call) \(moment)", default: 0] + 1
            state.occurrences["\(activity): \(call) \(moment)"] = number
            return KillPoint(activity: activity, call: call, occurrence: number, moment: moment)
        }
    }

    /// The system whose changes count for every other one.
    static let journal = "journal"

    private func pass(_ point: KillPoint) {
        let text = point.description
        lock.withLock {
            write(text + "\n")
            guard let signal = state.signals[text] else { return }
            // Whoever goes on after it, asked to halt or stopped for a while, is struck no second time.
            state.signals = [:]
            write("! \(signal) \(text)\n")
            // Delivered before kill(2) returns: with SIGKILL and SIGSTOP no line after this one runs.
            kill(getpid(), signal)
        }
    }

    private func write(_ line: String) {
        guard log >= 0 else { return }
        let bytes = Array(line.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(log, $0.baseAddress, $0.count) }
    }
}
