import Migration
import Transport

/// What servers should be like after changes, compared with what the load balancer says.
///
/// A server that is held in maintenance stays there whatever is set, and takes part in nothing: only its weight is
/// compared.
struct ReadBack {
    private struct Server: Hashable, Comparable {
        var backend: String
        var name: String

        static func < (left: Server, right: Server) -> Bool { (left.backend, left.name) < (right.backend, right.name) }
    }

    private struct Wanted {
        var weight: Int?
        var administration: ServerState.Administration?
        var address: String?
    }

    private var removed: Set<Server> = []
    private var wanted: [Server: Wanted] = [:]

    init(_ changes: [ServerChange]) {
        wanted.reserveCapacity(changes.count)
        for change in changes {
            let server = Server(backend: change.backend, name: change.server)
            switch change.change {
            case .weight(let weight): wanted[server, default: Wanted()].weight = weight
            case .administration(let administration): wanted[server, default: Wanted()].administration = administration
            case .takeQueue: wanted[server, default: Wanted()].administration = .ready
            case .add(let address): wanted[server, default: Wanted()].address = address
            case .remove: removed.insert(server)
            case .shutdownSessions: break
            }
        }
    }

    func compare(
        with records: [ServerRecord], on loadBalancer: LoadBalancerID, _ address: SocketAddress
    ) throws(Failure) {
        var different: [(server: Server, is: ServerRecord?)] = []
        var found = 0
        var left: [String] = []
        for record in records {
            let server = Server(backend: record.backend, name: record.name)
            if removed.contains(server) {
                left.append("\(server.backend)/\(server.name): was removed, is still listed")
            }
            guard let wanted = wanted[server] else { continue }
            found += 1
            if wanted.weight ?? record.weight != record.weight || isOther(record, than: wanted)
                || wanted.address ?? record.address != record.address
            {
                different.append((server, record))
            }
        }
        if found != wanted.count {
            let listed = Set(records.map { Server(backend: $0.backend, name: $0.name) })
            different += wanted.keys.filter { !listed.contains($0) }.map { ($0, nil) }
        }
        different.sort { $0.server < $1.server }
        let differences =
            different.compactMap { weightSentence($0.server, $0.is) }
            + different.compactMap { administrationSentence($0.server, $0.is) }
            + different.compactMap { addressSentence($0.server, $0.is) } + left
        try ReadBack.refuse(differences, on: loadBalancer, address)
    }

    static func refuse(
        _ differences: [String], on loadBalancer: LoadBalancerID, _ address: SocketAddress
    ) throws(Failure) {
        guard !differences.isEmpty else { return }
        throw Failure(
            "\(loadBalancer) does not have what was set", at: address.description,
            details: Array(differences.prefix(5))
                + (differences.count > 5 ? ["and \(differences.count - 5) more"] : []),
            advice: "See who else changes it: an agent, a reload, another tool.", kind: .transient)
    }

    private func isOther(_ record: ServerRecord, than wanted: Wanted) -> Bool {
        wanted.administration ?? record.administration != record.administration && !record.isHeldInMaintenance
    }

    private func weightSentence(_ server: Server, _ record: ServerRecord?) -> String? {
        guard let weight = wanted[server]?.weight, weight != record?.weight else { return nil }
        return "\(server.backend)/\(server.name): weight \(weight) was set, "
            + (record.map { "is \($0.weight), \($0.administration.rawValue)" } ?? "the server is gone")
    }

    private func addressSentence(_ server: Server, _ record: ServerRecord?) -> String? {
        guard let address = wanted[server]?.address, address != record?.address else { return nil }
        return "\(server.backend)/\(server.name): was added at \(address), "
            + (record.map { "is at \($0.address)" } ?? "the server is gone")
    }

    private func administrationSentence(_ server: Server, _ record: ServerRecord?) -> String? {
        guard let wanted = wanted[server], let administration = wanted.administration,
            record.map({ isOther($0, than: wanted) }) ?? true
        else { return nil }
        return "\(server.backend)/\(server.name): \(administration.rawValue) was set, "
            + (record.map { "is \($0.administration.rawValue)" } ?? "the server is gone")
    }
}
