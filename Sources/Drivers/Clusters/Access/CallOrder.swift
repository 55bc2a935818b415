/// One piece of asynchronous work after the other for each place, in the order of arrival.
actor CallOrder {
    private var busy: Set<String> = []
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    /// Waits until nothing else works on this place, then works.
    func exclusive<Result: Sendable, Failed: Error>(
        _ place: String, _ work: @Sendable () async throws(Failed) -> Result
    ) async throws(Failed) -> Result {
        await enter(place)
        defer { leave(place) }
        return try await work()
    }

    private func enter(_ place: String) async {
        guard !busy.insert(place).inserted else { return }
        await withCheckedContinuation { waiting[place, default: []].append($0) }
    }

    private func leave(_ place: String) {
        if var queue = waiting[place], !queue.isEmpty {
            let next = queue.removeFirst()
            waiting[place] = queue.isEmpty ? nil : queue
            next.resume()
        } else {
            busy.remove(place)
        }
    }
}
