import Migration
import Threads

/// What a look at one thing found.
struct CheckResult: Sendable, Hashable {
    enum Verdict: String, Sendable, Hashable {
        case ok
        case problem
        /// Nothing is wrong, and a person should know it.
        case note
        /// Something else has to be right first.
        case skipped = "not looked at"
    }

    var verdict: Verdict
    var subject: String
    var text: String
    /// What to do.
    var advice: String?

    init(_ verdict: Verdict, _ subject: String, _ text: String, advice: String? = nil) {
        self.verdict = verdict
        self.subject = subject
        self.text = text
        self.advice = advice
    }

    init(_ subject: String, _ failure: Failure) {
        let place = failure.place.flatMap { failure.summary.contains($0) ? nil : "at \($0)" }
        self.init(
            .problem, subject,
            ([failure.summary] + [place].compactMap { $0 } + failure.details).joined(separator: "; "),
            advice: failure.advice)
    }

    /// The text and what to do.
    var sentence: String {
        guard let advice else { return text }
        return text + (text.last.map { ".;:!?".contains($0) } ?? true ? " " : ". ") + advice
    }
}

/// One thing that is looked at, beside others.
struct Check: Sendable {
    /// After this time it is a problem itself.
    static let usualDeadline = Duration.seconds(20)
    /// For its programs and sockets to end when it is late.
    private static let grace = Duration.seconds(5)

    var subject: String
    var deadline = Check.usualDeadline
    var look: @Sendable () async -> [CheckResult]

    init(
        _ subject: String, within deadline: Duration = Check.usualDeadline,
        look: @escaping @Sendable () async -> [CheckResult]
    ) {
        self.subject = subject
        self.deadline = deadline
        self.look = look
    }

    /// What it finds; a problem when it takes too long, even if it does not end.
    func results() async -> [CheckResult] {
        let late = CheckResult(
            .problem, subject, "gave no answer within \(deadline.components.seconds) s",
            advice: "See whether it answers other programs, then run this again.")
        return await withCheckedContinuation { continuation in
            let first = FirstAnswer(continuation)
            let work = Task { first.give(await look()) }
            Task {
                try? await Task.sleep(for: deadline)
                guard first.close(late) else { return }
                work.cancel()
                try? await Task.sleep(for: Check.grace)
                first.give([late])
            }
        }
    }
}

extension [Check] {
    /// What they find, side by side, in their order.
    func results() async -> [CheckResult] { await resultsByCheck().flatMap { $0 } }

    func resultsByCheck() async -> [[CheckResult]] {
        await withTaskGroup(of: (Int, [CheckResult]).self) { group in
            for (index, check) in enumerated() { group.addTask { (index, await check.results()) } }
            var results: [Int: [CheckResult]] = [:]
            for await (index, found) in group { results[index] = found }
            return results.sorted { $0.key < $1.key }.map(\.value)
        }
    }
}

/// Resumes who waits, once, with the first answer.
///
/// Sendable: everything is guarded by `lock`.
private final class FirstAnswer: @unchecked Sendable {
    private let lock = Lock()
    private var waiting: CheckedContinuation<[CheckResult], Never>?
    /// What counts in place of an answer that comes now.
    private var late: CheckResult?

    init(_ continuation: CheckedContinuation<[CheckResult], Never>) { waiting = continuation }

    func give(_ results: [CheckResult]) {
        let (waiting, late) = lock.withLock {
            defer { self.waiting = nil }
            return (self.waiting, self.late)
        }
        waiting?.resume(returning: late.map { [$0] } ?? results)
    }

    /// From here on any answer is late.
    ///
    /// - Returns: false when there was one.
    func close(_ late: CheckResult) -> Bool {
        lock.withLock {
            self.late = late
            return waiting != nil
        }
    }
}
