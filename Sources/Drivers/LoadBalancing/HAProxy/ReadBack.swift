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

    private var weights: [Server: Int] = [:]
    private var administrations: [Server: ServerState.Administration] = [:]

    init(_ changes: [ServerChange]) {
        weights.reserveCapacity(changes.count)
        for change in changes {
            let server = Server(backend: change.backend, name: change.server)
            switch change.change {
            case .weight(let weight): weights[server] = weight
            case .administration(let administration): administrations[server] = administration
            case .shutdownSessions: break
            }
        }
    }

    func compare(
        with records: [ServerRecord], on loadBalancer: LoadBalancerID, _ address: SocketAddress
    ) throws(Failure) {
        var found: [Server: ServerRecord] = [:]
        for record in records {
            let server = Server(backend: record.backend, name: record.name)
            if weights[server] != nil || administrations[server] != nil { found[server] = found[server] ?? record }
        }
        var differences: [String] = []
        for (server, wanted) in weights.filter({ found[$0.key]?.weight != $0.value }).sorted(by: { $0.key < $1.key }) {
            differences.append(
                "\(server.backend)/\(server.name): weight \(wanted) was set, "
                    + (found[server].map { "is \($0.weight), \($0.administration.rawValue)" } ?? "the server is gone"))
        }
        for (server, wanted) in administrations.sorted(by: { $0.key < $1.key })
        where found[server]?.administration != wanted && found[server]?.isHeldInMaintenance != true {
            differences.append(
                "\(server.backend)/\(server.name): \(wanted.rawValue) was set, "
                    + (found[server].map { "is \($0.administration.rawValue)" } ?? "the server is gone"))
        }
        guard !differences.isEmpty else { return }
        throw Failure(
            "\(loadBalancer) does not have what was set", at: address.description,
            details: Array(differences.prefix(5))
                + (differences.count > 5 ? ["and \(differences.count - 5) more"] : []),
            advice: "See who else changes it: an agent, a reload, another tool.", kind: .transient)
    }
}
