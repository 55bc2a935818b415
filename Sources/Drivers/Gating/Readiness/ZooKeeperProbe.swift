import Migration
import Transport

extension ProbeRunner {
    /// Asks every server of a ZooKeeper group at once.
    func askZooKeeper(
        _ servers: [Setting], _ inventory: Inventory, timeout: Period
    ) async throws(Failure) -> GateSample {
        var addresses: [SocketAddress] = []
        for server in servers { addresses.append(try address(server, inventory)) }
        let answers = await withTaskGroup(of: (Int, ZooKeeperGroup.Answer).self) { group in
            for (index, address) in addresses.enumerated() {
                group.addTask { (index, await ZooKeeperGroup.ask(address, deadline: timeout.duration)) }
            }
            var answers = addresses.map { _ in ZooKeeperGroup.Answer.unreachable("no answer") }
            for await (index, answer) in group { answers[index] = answer }
            return answers
        }
        let names = addresses.map(\.hostAndPort)
        let fault = ZooKeeperGroup(Array(zip(names, answers))).fault
        let subject = names.joined(separator: ",")
        guard let fault else {
            return sample(subject, .pass, "ZooKeeper \(subject): all answer, and one leads")
        }
        return sample(subject, .fail, "ZooKeeper: \(fault)")
    }
}

/// What the servers of one ZooKeeper group say of themselves.
///
/// Source: ZooKeeper administrator's guide, “The Four Letter Words”: since 3.5.3 only `srvr` is on by default.
struct ZooKeeperGroup {
    enum Answer: Sendable, Hashable {
        /// `leader`, `follower`, `observer` or `standalone`.
        case serves(mode: String)
        /// It runs, and is no part of a quorum.
        case waits
        case notOnWhitelist
        case unreachable(String)
        case unknown(String)

        init(_ text: String) {
            let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmedOfSpaces }
            if let mode = lines.lazy.compactMap({ $0.after("Mode:") }).first {
                self = .serves(mode: mode)
            } else if text.contains("not currently serving requests") {
                self = .waits
            } else if text.contains("not in the whitelist") {
                self = .notOnWhitelist
            } else {
                self = .unknown(String(lines.first?.prefix(60) ?? ""))
            }
        }
    }

    private let servers: [(name: String, answer: Answer)]

    init(_ servers: [(name: String, answer: Answer)]) { self.servers = servers }

    /// What is missing, and what to do; nil when each server answers, exactly one leads, and the others follow it.
    var fault: String? {
        let lacking = servers.compactMap { name, answer in lack(answer).map { "\(name) \($0)" } }
        guard lacking.isEmpty else {
            let count = servers.count - lacking.count
            return "\(count) of \(servers.count) servers serve: " + lacking.joined(separator: "; ")
        }
        let alone = named("standalone")
        if let first = alone.first, servers.count > 1 {
            return "\(first) is standalone. Give all servers the same `server.N` lines in zoo.cfg, each its own myid"
        }
        let leaders = named("leader") + alone
        if leaders.count > 1 {
            return "\(leaders.joined(separator: " and ")) both lead, so they are two groups. List the servers of one "
                + "group, or give all the same `server.N` lines in zoo.cfg"
        }
        return leaders.isEmpty ? "no server leads: they follow one that is not listed. List the whole group" : nil
    }

    private func named(_ mode: String) -> [String] {
        servers.filter { $0.answer == .serves(mode: mode) }.map(\.name)
    }

    private func lack(_ answer: Answer) -> String? {
        switch answer {
        case .serves(let mode):
            ["leader", "follower", "observer", "standalone"].contains(mode) ? nil : "has the unknown mode \(mode)"
        case .waits: "runs without a quorum: start the other servers, and see that they reach its ports 2888 and 3888"
        case .notOnWhitelist: "does not allow `srvr`: add it to 4lw.commands.whitelist in its zoo.cfg"
        case .unreachable(let reason): "does not answer (\(reason)): start it, or correct its address"
        case .unknown(let text): "answers “\(text)”, which is not ZooKeeper's: correct its address"
        }
    }

    static func ask(_ address: SocketAddress, deadline: Duration) async -> Answer {
        let end = ContinuousClock.now + deadline
        do throws(TransportError) {
            let socket = try await StreamSocket.connect(to: address, deadline: deadline)
            defer { socket.close() }
            try await socket.write(Array("srvr".utf8), deadline: deadline)
            var answer: [UInt8] = []
            while answer.count < 16_384 {
                let bytes = try await socket.read(deadline: max(.zero, end - .now))
                if bytes.isEmpty { break }
                answer += bytes
            }
            return Answer(String(decoding: answer, as: UTF8.self))
        } catch {
            return .unreachable(error.message)
        }
    }
}

extension StringProtocol {
    fileprivate var trimmedOfSpaces: String {
        String(String(drop { $0 == " " }).reversed().drop { $0 == " " }.reversed())
    }

    fileprivate func after(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)).trimmedOfSpaces : nil
    }
}
