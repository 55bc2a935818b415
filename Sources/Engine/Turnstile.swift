/// Lets one piece of asynchronous work through at a time, in the order of arrival.
actor Turnstile {
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

    /// Works if nobody else does; nil otherwise.
    func ifFree<Result: Sendable>(_ work: @Sendable () async -> Result) async -> Result? {
        guard !isBusy else { return nil }
        isBusy = true
        let result = await work()
        leave()
        return result
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
