import Migration
import SafeFiles

/// Changes, and what makes them safe: the epoch before and after, one file in one piece, and a wait until Traefik says
/// that it serves what was written.
extension TraefikWeights {
    public func apply(_ changes: [ServerChange], epoch: Int) async throws(Failure) {
        _ = try await change(changes, epoch: epoch)
    }

    public func change(
        _ changes: [ServerChange], in process: LoadBalancerProcess?, isFollowed: Bool, epoch: Int
    ) async throws(Failure) -> LoadBalancerState {
        let client = try client()
        let mine = owner.entry(of: epoch)
        let (before, text, file) = try await settled(client, mine)
        let wanted = try TraefikChange(changes, look: before, file: file, on: name).file(with: mine)
        guard wanted.text != text else { return before.state }
        // A file that a person began holds the same in other words: it is not written for that.
        if wanted.difference(from: before.report) == nil { return before.state }
        try await write(wanted.text, over: text)
        let after = try await served(wanted, client, mine)
        return try await checked(after, client)
    }

    /// What stands in the file, read for an obstacle: nil where there is none.
    func file() throws(Failure) -> TraefikFile? {
        guard let text = try text() else { return nil }
        return try parsed(text)
    }

    private func text() throws(Failure) -> String? {
        let path = try path
        do throws(FileProblem) { return try PersistentFile(path).text } catch {
            throw Failure("\(name): its file can't be read", at: path, details: [error.reason], advice: error.advice)
        }
    }

    private func parsed(_ text: String) throws(Failure) -> TraefikFile {
        do throws(TraefikFile.Foreign) { return try TraefikFile(text, environment: owner.environment) } catch {
            throw Failure(
                "\(name): its file is not one that rz can write", at: try path, details: [error.reason],
                advice: TraefikObstacles.ofItsOwn, kind: .refused)
        }
    }

    /// The file and Traefik in agreement: what was written a moment ago is served first.
    private func settled(
        _ client: TraefikClient, _ mine: EpochEntry
    ) async throws(Failure) -> (look: TraefikLook, text: String, file: TraefikFile) {
        let end = ContinuousClock.now + patience
        while true {
            guard let text = try text() else {
                throw Failure(
                    "\(name) has no file of weighted services", at: try path, advice: TraefikObstacles.ofItsOwn,
                    kind: .refused)
            }
            let file = try parsed(text)
            let look = try await look(client)
            for held in [file.note.epoch, look.note.epoch].compactMap(\.self) where mine.isRefused(by: held) {
                throw try replaced(mine, by: held)
            }
            guard let difference = file.difference(from: look.report) else { return (look, text, file) }
            try await pauseUnserved(difference, until: end)
        }
    }

    private func served(
        _ wanted: TraefikFile, _ client: TraefikClient, _ mine: EpochEntry
    ) async throws(Failure) -> TraefikLook {
        let end = ContinuousClock.now + patience
        while true {
            let look = try await look(client)
            if let held = look.note.epoch, mine.isRefused(by: held) { throw try replaced(mine, by: held) }
            guard let difference = wanted.difference(from: look.report) else { break }
            try await pauseUnserved(difference, until: end)
        }
        // Someone who wrote in the same moment is seen here, or sees this run.
        if let held = try file()?.note.epoch, mine.isRefused(by: held) { throw try replaced(mine, by: held) }
        return try await look(client)
    }

    private func pauseUnserved(_ difference: String, until end: ContinuousClock.Instant) async throws(Failure) {
        guard ContinuousClock.now < end else {
            throw Failure(
                "\(name) does not serve what its file holds", at: try path, details: [difference],
                advice:
                    "See that Traefik's file provider reads and watches this file (`providers: { file: { directory: … } "
                    + "}`), and its log.", kind: .transient)
        }
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

    private func write(_ new: String, over old: String) async throws(Failure) {
        let path = try path
        do throws(FileProblem) {
            // What someone else has written since is not overwritten.
            try await PersistentFile(path).replace { $0 == old ? new : nil }
        } catch {
            throw Failure(
                "\(name): its file can't be replaced", at: path, details: [error.reason], advice: error.advice)
        }
        guard try text() == new else {
            throw Failure(
                "\(name): someone else wrote its file in the same moment", at: path,
                advice: "See who else writes it: it is rz's alone.", kind: .transient)
        }
    }
}
