import Migration

/// Changes, and what makes them safe: the epoch before and after, one write in one piece, and a wait until Traefik says
/// that it serves what was written.
extension TraefikWeights {
    public func apply(_ changes: [ServerChange], epoch: Int) async throws(Failure) {
        _ = try await change(changes, epoch: epoch)
    }

    public func change(
        _ changes: [ServerChange], in process: LoadBalancerProcess?, isFollowed: Bool, epoch: Int
    ) async throws(Failure) -> LoadBalancerState {
        let client = try client()
        let store = try store()
        let mine = owner.entry(of: epoch)
        let end = ContinuousClock.now + patience
        var wasWritten = false
        while true {
            let (before, held) = try await settled(client, store, mine)
            let wanted = try TraefikChange(changes, look: before, held: held, in: store.words, on: name)
                .holdings(with: mine)
            if wanted == held {
                // Another load balancer of the same store may have written the same a moment ago.
                return wasWritten ? try await checked(before, client) : before.state
            }
            if try await store.replace(held, by: wanted, served: before.report) {
                let after = try await served(wanted, client, store, mine)
                return try await checked(after, client)
            }
            wasWritten = true
            guard ContinuousClock.now < end else {
                throw Failure(
                    "\(name): someone else writes \(store.words.own) all the time", at: store.words.place,
                    advice: "See who else writes these weights: they are rz's alone.", kind: .transient)
            }
            try await pause(.milliseconds(50))
        }
    }

    /// The store and Traefik in agreement: what was written a moment ago is served first.
    private func settled(
        _ client: TraefikClient, _ store: any TraefikStore, _ mine: EpochEntry
    ) async throws(Failure) -> (look: TraefikLook, held: TraefikHoldings) {
        var wait = Unserved(patience: patience)
        while true {
            guard let held = try await store.holdings() else {
                throw Failure(
                    "\(name): \(store.words.own) has no weighted services", at: store.words.place,
                    advice: store.words.ofItsOwn, kind: .refused)
            }
            let look = try await look(client)
            for entry in [held.note.epoch, look.note.epoch].compactMap(\.self) where mine.isRefused(by: entry) {
                throw replaced(mine, by: entry, store.words)
            }
            guard let difference = difference(of: held, in: store.words, look.report) else { return (look, held) }
            try await pauseUnserved(difference, held, store, look.report, &wait)
        }
    }

    private func served(
        _ wanted: TraefikHoldings, _ client: TraefikClient, _ store: any TraefikStore, _ mine: EpochEntry
    ) async throws(Failure) -> TraefikLook {
        var wait = Unserved(patience: patience)
        while true {
            let look = try await look(client)
            if let held = look.note.epoch, mine.isRefused(by: held) { throw replaced(mine, by: held, store.words) }
            guard let difference = difference(of: wanted, in: store.words, look.report) else { break }
            try await pauseUnserved(difference, wanted, store, look.report, &wait)
        }
        // Someone who wrote in the same moment is seen here, or sees this run.
        if let held = try await store.holdings()?.note.epoch, mine.isRefused(by: held) {
            throw replaced(mine, by: held, store.words)
        }
        return try await look(client)
    }

    /// A wait for Traefik to serve what is held.
    private struct Unserved {
        /// Longer than `providersThrottleDuration`, 2 s: who waits for that needs no reminder.
        private static let reminder = Duration.seconds(3)

        let end: ContinuousClock.Instant
        private var next: ContinuousClock.Instant

        init(patience: Duration) {
            end = .now + patience
            next = .now + Unserved.reminder
        }

        /// Whether Traefik is to be reminded now.
        mutating func isReminderDue() -> Bool {
            guard ContinuousClock.now >= next else { return false }
            next = .now + Unserved.reminder
            return true
        }
    }

    private func pauseUnserved(
        _ difference: String, _ held: TraefikHoldings, _ store: any TraefikStore, _ report: TraefikReport,
        _ wait: inout Unserved
    ) async throws(Failure) {
        guard ContinuousClock.now < wait.end else {
            throw Failure(
                "\(name) does not serve what \(store.words.own) holds", at: store.words.place, details: [difference],
                advice: store.words.unserved, kind: .transient)
        }
        if wait.isReminderDue() { try await store.remind(held, served: report) }
        try await pause(.milliseconds(50))
    }

    /// Each server is asked once more: until then Traefik sends users to dead ones, too, and calls them up.
    private func checked(_ look: TraefikLook, _ client: TraefikClient) async throws(Failure) -> LoadBalancerState {
        let pools = rules.flatMap { rule in
            (look.report.weighted[rule.backend]?.children ?? []).compactMap {
                look.report.pool($0.name, of: rule.backend)
            }
        }
        guard let longest = pools.compactMap(\.check).map({ $0.interval + $0.timeout }).max() else { return look.state }
        let end = ContinuousClock.now + min(longest, TraefikObstacles.longestInterval * 2)
        while ContinuousClock.now < end { try await pause(min(.milliseconds(200), end - ContinuousClock.now)) }
        return try await self.look(client).state
    }

    private func pause(_ length: Duration) async throws(Failure) {
        do { try await Task.sleep(for: length) } catch { throw .cancelled }
    }
}
