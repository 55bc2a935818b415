import Migration
import SafeFiles
import Transport

/// Changes, and what makes them safe: the epoch before and after, the read-back, the files that a reload reads.
extension HAProxyRuntime {
    public func apply(_ changes: [ServerChange], epoch: Int) async throws(Failure) {
        try await keep(try await perform(changes, epoch), epoch)
    }

    /// One read-back proves the changes and is what stands there afterwards, wherever the last statistics still hold.
    public func change(
        _ changes: [ServerChange], in process: LoadBalancerProcess?, isFollowed: Bool, epoch: Int
    ) async throws(Failure) -> LoadBalancerState {
        let after = try await perform(changes, in: process, epoch)
        // Disks are slower than what is made of the answer meanwhile.
        async let kept = Result { () async throws(Failure) in try await keep(after, isFollowed: isFollowed, epoch) }
        // What a switch is made of stands in no record.
        let state =
            after.switchAnswers.isEmpty ? lastLook.updated(after.process, after.records, after.held) : nil
        try await kept.get()
        return if let state { state } else { try await observe() }
    }

    public func glance() async throws(Failure) -> LoadBalancerState {
        guard lastLook.recent() != nil else { return try await observe() }
        let now = try await look(try socket(), try epochMap(), try switches())
        // What a switch is made of stands in no record.
        let state = now.switchAnswers.isEmpty ? lastLook.updated(now.process, now.records, now.held) : nil
        return if let state { state } else { try await observe() }
    }

    /// - Parameters:
    ///   - process: the only one in which servers are changed.
    ///   - isAfresh: whether the servers are looked at before the changes, too, however fresh the last look is.
    private func perform(
        _ wanted: [ServerChange], in process: LoadBalancerProcess? = nil, _ epoch: Int, isAfresh: Bool = false
    ) async throws(Failure) -> Snapshot {
        let switches = try switches()
        let choices = switches.compactMap { item in item.choice(in: wanted).map { (item: item, color: $0) } }
        let changes = wanted.compactMap { change -> ServerChange? in
            guard let item = switches.first(where: { $0.name == change.backend }) else { return change }
            return item.translated(change)
        }
        for change in changes { try change.validate(for: name) }
        let socket = try socket()
        let map = try epochMap()
        // Whatever does not fit is known before anything is changed.
        let stateFile = try address.stateFile.map { setting throws(Failure) in PersistentFile(try resolver(setting)) }
        let records: [ServerRecord]
        if !isAfresh, let recent = lastLook.recent() {
            records = recent.records
            if let map { try await claim(epoch, map, try await socket.ask(map.questions), socket) }
        } else {
            let before = try await look(socket, map, switches)
            records = before.records
            if let map { try await claim(epoch, map, before.epochAnswers, socket) }
        }
        let agents = agents(of: changes, in: records)
        let added = try await newLines(changes, records, socket)
        do throws(Failure) {
            for (backend, line) in added {
                try await socket.perform(line.added(to: backend), succeedingWith: "New server registered.")
            }
            try await socket.perform(
                agents.map(RuntimeCommand.disableAgent) + added.compactMap { $0.line.checked(in: $0.backend) }
                    + changes.flatMap(RuntimeCommand.change) + choices.map { $0.item.choose($0.color) }.unique(),
                in: process)
            for change in changes where change.change == .remove {
                try await socket.perform(
                    ServerLine.removed(change.server, from: change.backend), succeedingWith: "Server deleted.")
            }
        } catch {
            throw await explained(error, changes, socket)
        }
        try await endOldSessions(changes)
        var after = try await look(socket, map, switches)
        after.choices = choices
        after.added = added
        after.isRegistering = changes.contains(where: \.change.isRegistering)
        after.stateFile = stateFile
        after.map = map
        if let map { try refuse(epoch, map, after.epochAnswers, socket) }
        // Someone has begun to ask an agent since the last look: it may change what was set.
        let late = self.agents(of: changes, in: after.records).contains { late in
            !agents.contains { $0.backend == late.backend && $0.name == late.name }
        }
        if late, !isAfresh {
            return try await perform(wanted, in: process, epoch, isAfresh: true)
        }
        try ReadBack(changes).compare(with: after.records, on: name, socket.address)
        try ReadBack.refuse(
            zip(switches, after.switchAnswers).flatMap { $0.contradictions(wanted, chosen: $0.color(in: $1)) },
            on: name, socket.address)
        return after
    }

    /// The servers to be changed whose agents may change them, too.
    private func agents(of changes: [ServerChange], in records: [ServerRecord]) -> [ServerRecord] {
        let active = records.filter(\.hasActiveAgent)
        guard !active.isEmpty else { return [] }
        let changed = Set(changes.map { Statistics.Server(backend: $0.backend, name: $0.server) })
        return active.filter { changed.contains(Statistics.Server(backend: $0.backend, name: $0.name)) }
    }

    private struct Snapshot {
        /// Nil where it was not asked for.
        var process: LoadBalancerProcess?
        var records: [ServerRecord]
        var stateText: String
        var epochAnswers: [String]
        var held: EpochEntry?
        var switchAnswers: [String]
        var choices: [(item: MapSwitch, color: Color)] = []
        var added: [(backend: String, line: ServerLine)] = []
        /// Whether other servers are listed than before.
        var isRegistering = false
        /// What is kept where.
        var stateFile: PersistentFile?
        var map: EpochMap?
    }

    private func look(
        _ socket: RuntimeSocket, _ map: EpochMap?, _ switches: [MapSwitch]
    ) async throws(Failure) -> Snapshot {
        // Which process answers matters where it may be the one of the last look.
        let isKnown = lastLook.recent() != nil
        let answers = try await socket.ask(
            (isKnown ? [HAProxyRuntime.infoQuestion] : []) + (map?.questions ?? []) + switches.map(\.question)
                + ["show servers state"])
        let text = answers[answers.count - 1]
        let entries = answers.dropFirst(isKnown ? 1 : 0).dropLast()
        let epochs = Array(entries.dropLast(switches.count))
        return Snapshot(
            process: isKnown ? process(HAProxyRuntime.info(in: answers[0])) : nil,
            records: try records(in: text, socket), stateText: text, epochAnswers: epochs, held: map?.held(in: epochs),
            switchAnswers: Array(entries.suffix(switches.count)))
    }

    /// Old processes are not changed; what they still serve ends with the sessions of the new one. What can't be ended
    /// there is seen in the next look.
    private func endOldSessions(_ changes: [ServerChange]) async throws(Failure) {
        let ended = changes.filter { $0.change == .shutdownSessions }
        guard !ended.isEmpty, let workers = try oldWorkers() else { return }
        try? await workers.endSessions(with: Set(ended.map { Statistics.Server(backend: $0.backend, name: $0.server) }))
    }

    // MARK: - Whose it is

    /// Makes this run the owner (invariant I6).
    private func claim(
        _ epoch: Int, _ map: EpochMap, _ answers: [String], _ socket: RuntimeSocket
    ) async throws(Failure) {
        guard let own = answers.first, MapEntry.exists(in: own) else {
            throw Failure(
                "\(name) does not know the map \(map.path)", at: socket.address.description,
                details: answers.prefix(1).map(\.firstLine), advice: map.advice)
        }
        try refuse(epoch, map, answers, socket)
        let entry = map.entry(of: epoch)
        guard EpochMap.entry(in: own) != entry else { return }
        try await socket.perform([.setEpoch(entry, in: map, exists: MapEntry.value(in: own) != nil)])
    }

    private func refuse(
        _ epoch: Int, _ map: EpochMap, _ answers: [String], _ socket: RuntimeSocket
    ) throws(Failure) {
        guard let held = map.held(in: answers), map.entry(of: epoch).isRefused(by: held) else { return }
        throw replaced(epoch, by: held, map, socket)
    }

    /// That this run may not write here.
    func replaced(_ epoch: Int, by held: EpochEntry, _ map: EpochMap, _ socket: RuntimeSocket) -> Failure {
        let key = held.owner == nil ? EpochMap.sharedKey : map.key
        return owner.fencedOff(
            owner.entry(of: epoch), by: held, on: name, at: socket.address.description, "\(key) in \(map.path)",
            remedy: map.reset(held, at: socket.address))
    }

    // MARK: - What HAProxy refuses

    /// Adds what only the load balancer knows to a refusal.
    private func explained(_ failure: Failure, _ changes: [ServerChange], _ socket: RuntimeSocket) async -> Failure {
        guard failure.summary.contains("static LB algorithm"), let advice = failure.advice,
            let backend = changes.map(\.backend).first(where: {
                failure.details.first?.contains("backend \($0),") ?? false
            }),
            let answer = try? await socket.ask([Statistics.question]),
            let algorithm = try? Statistics(answer[0]).backends[backend]?.algorithm
        else { return failure }
        var explained = failure
        explained.advice = "\(backend) uses `balance \(algorithm)`. \(advice)"
        return explained
    }

    // MARK: - What survives a reload

    private func keep(_ snapshot: Snapshot, isFollowed: Bool = false, _ epoch: Int) async throws(Failure) {
        for choice in snapshot.choices { try await keep(choice.color, of: choice.item) }
        if isFollowed, !snapshot.isRegistering { return }
        try await keep(snapshot.stateText, in: snapshot.stateFile)
        if let map = snapshot.map { try await keep(epoch, in: map) }
        if snapshot.isRegistering { try await keepLines(snapshot.added, snapshot.records) }
    }

    private func keep(_ state: String, in file: PersistentFile?) async throws(Failure) {
        guard let file else { return }
        do throws(FileProblem) {
            try await file.replace { _ in state }
        } catch {
            throw unkept("server state", error)
        }
    }

    /// HAProxy can't start without its map file: where there is none, HAProxy is on another host.
    private func keep(_ epoch: Int, in map: EpochMap) async throws(Failure) {
        do throws(FileProblem) {
            try await PersistentFile(map.path).replace { contents in
                contents.map { MapEntry.contents($0, map.key, "\(map.entry(of: epoch))") }
            }
        } catch {
            throw unkept("epoch", error)
        }
    }

    private func keep(_ color: Color, of item: MapSwitch) async throws(Failure) {
        guard item.rule.withoutFile == nil else { return }
        let value = item.rule.values[color] ?? ""
        do throws(FileProblem) {
            try await PersistentFile(item.path).replace { contents in
                contents.map { MapEntry.contents($0, item.rule.key, value) }
            }
        } catch {
            throw unkept("switch", error)
        }
    }

    func unkept(_ what: String, _ problem: FileProblem) -> Failure {
        Failure(
            "\(name) made the changes, but its \(what) can't be saved, so a reload would lose them",
            at: name.text,
            details: [problem.description],
            advice: problem.advice ?? "Make the file writable for rz, then repeat the step.")
    }
}
