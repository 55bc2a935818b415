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
        for change in changes {
            let server = Server(backend: change.backend, name: change.server)
            switch change.change {
            case .weight(let weight): weights[server] = weight
            case .administration(let administration): administrations[server] = administration
            case .takeQueue: administrations[server] = .ready
            case .shutdownSessions: break
            }
        }
    }

    func compare(
        with records: [ServerRecord], on loadBalancer: LoadBalancerID, _ address: SocketAddress
    ) throws(Failure) {
        let found = Dictionary(
            records.map { (Server(backend: $0.backend, name: $0.name), $0) }, uniquingKeysWith: { first, _ in first })
        var differences: [String] = []
        for (server, wanted) in weights.sorted(by: { $0.key < $1.key }) where found[server]?.weight != wanted {
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
}
