/// Lets one piece of asynchronous work through at a time, in the order of arrival.
actor SerialGate {
    private var isBusy = false
    private var queue: [CheckedContinuation<Void, Never>] = []

    /// Waits for its turn, then works.
    func exclusive<Result: Sendable, Failed: Error>(
        _ work: @Sendable () async throws(Failed) -> Result
    ) async throws(Failed) -> Result {
        await enter()
        do throws(Failed) {
            let result = try await work()
            leave()
            return result
        } catch {
            leave()
            throw error
        }
    }

    /// Works if no one else does.
    func ifFree<Failed: Error>(_ work: @Sendable () async throws(Failed) -> Void) async throws(Failed) {
        if !isBusy { try await exclusive(work) }
    }

    private func enter() async {
        guard isBusy else {
            isBusy = true
            return
        }
        await withCheckedContinuation { queue.append($0) }
    }

    private func leave() {
        if queue.isEmpty {
            isBusy = false
        } else {
            queue.removeFirst().resume()
        }
    }
}
