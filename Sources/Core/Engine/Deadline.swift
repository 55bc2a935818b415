import Migration

/// How a step ended.
package enum StepResult: Sendable {
    case success(String)
    case failure(Failure)
    case tooLate

    func event(_ step: Step, attempt: Int, lastWait: String) -> Event.Kind {
        switch self {
        case .success(let summary): .stepCompleted(step: step.id, summary: summary)
        case .failure(let failure): .stepFailed(step: step.id, attempt: attempt, failure: failure)
        case .tooLate: .stepFailed(step: step.id, attempt: attempt, failure: late(step, lastWait))
        }
    }

    func undoEvent(_ step: Step, lastWait: String) -> Event.Kind {
        switch self {
        case .success(let summary): .undoCompleted(step: step.id, summary: summary)
        case .failure(let failure): .undoFailed(step: step.id, failure: failure)
        case .tooLate: .undoFailed(step: step.id, failure: late(step, lastWait))
        }
    }

    private func late(_ step: Step, _ lastWait: String) -> Failure {
        Failure(
            "\(step.title): not done within \(step.deadline)", at: step.id.text,
            details: lastWait.isEmpty ? [] : ["waiting for \(lastWait)"],
            advice: "See what it waits for, fix it, then: rz resume. Or go back with: rz rollback.")
    }
}

/// Runs work that must end before a deadline; past it the work is cancelled, and waited for until it has stopped.
///
/// - Parameter late: called when the deadline has passed, before the work has stopped.
package func withDeadline(
    _ deadline: Period, _ clock: any RunClock, late: @escaping @Sendable () async -> Void,
    _ work: @escaping @Sendable () async throws(Failure) -> String
) async -> StepResult {
    await withTaskGroup(of: StepResult?.self) { group in
        group.addTask {
            do throws(Failure) {
                return .success(try await work())
            } catch {
                return .failure(error)
            }
        }
        group.addTask {
            do { try await clock.sleep(deadline) } catch { return nil }
            await late()
            return .tooLate
        }
        var result: StepResult?
        for await outcome in group {
            guard let outcome else { continue }
            if case .tooLate = outcome {
                result = .tooLate
            } else if result == nil {
                result = outcome
            }
            group.cancelAll()
        }
        return result ?? .failure(.cancelled)
    }
}
