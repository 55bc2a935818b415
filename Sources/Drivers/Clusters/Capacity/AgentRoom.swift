/// What is still free on one agent while instances are placed there.
struct AgentRoom: Sendable {
    /// What one instance takes of each reservation.
    typealias Share = [String: MesosResources]

    let agent: MesosAgent
    private(set) var free: [String: MesosResources]

    /// Mesos counts in thousandths; sums of doubles are off by less.
    static let grain = 0.0005

    init(_ agent: MesosAgent) {
        self.agent = agent
        free = agent.pools.mapValues(\.free)
    }

    /// What one instance would take; nil when something is short.
    func share(for request: ResourceRequest) -> Share? {
        lacks(request).isEmpty ? shares(request) : nil
    }

    mutating func take(_ share: Share) {
        for (role, resources) in share { free[role] = (free[role] ?? MesosResources()) - resources }
    }

    /// The names of the resources that are short for one more instance.
    func lacks(_ request: ResourceRequest) -> [String] {
        var lacking: [String] = []
        for kind in Scalar.allCases {
            let available = roles(of: request).reduce(0) { $0 + max(0, free[$1]?[keyPath: kind.path] ?? 0) }
            if available < kind.amount(request) - AgentRoom.grain { lacking.append(kind.rawValue) }
        }
        if ports(for: request) == nil { lacking.append("ports") }
        return lacking
    }

    /// Reserved resources are taken first, as Marathon does, so that what everyone may take is left.
    private func roles(of request: ResourceRequest) -> [String] {
        request.roles.filter { free[$0] != nil }.sorted { ($0 == "*" ? 1 : 0, $0) < ($1 == "*" ? 1 : 0, $1) }
    }

    private func shares(_ request: ResourceRequest) -> Share {
        var share: Share = [:]
        for kind in Scalar.allCases {
            var wanted = kind.amount(request)
            for role in roles(of: request) where wanted > 0 {
                let part = min(wanted, max(0, free[role]?[keyPath: kind.path] ?? 0))
                share[role, default: MesosResources()][keyPath: kind.path] += part
                wanted -= part
            }
        }
        for (role, port) in ports(for: request) ?? [] {
            share[role, default: MesosResources()].ports = (share[role]?.ports ?? PortRanges())
                .union(PortRanges([port...port]))
        }
        return share
    }

    /// A port for each that is asked for, with the reservation that it is from.
    private func ports(for request: ResourceRequest) -> [(role: String, port: Int)]? {
        guard !request.ports.isEmpty else { return [] }
        var left = free
        var chosen: [(role: String, port: Int)] = []
        // Fixed ports first, so that none of them is given away.
        for wanted in request.ports.sorted(by: >) {
            let found = roles(of: request).lazy.compactMap { role -> (role: String, port: Int)? in
                guard let ports = left[role]?.ports else { return nil }
                if wanted != 0 { return ports.contains(wanted) ? (role, wanted) : nil }
                return ports.first.map { (role, $0) }
            }.first
            guard let found else { return nil }
            chosen.append(found)
            let rest = (left[found.role]?.ports ?? PortRanges()).subtracting(PortRanges([found.port...found.port]))
            left[found.role]?.ports = rest
        }
        return chosen
    }
}

/// The kinds of resources that are an amount.
enum Scalar: String, CaseIterable, Sendable {
    case cpus, mem, disk, gpus

    var path: WritableKeyPath<MesosResources, Double> {
        switch self {
        case .cpus: \.cpus
        case .mem: \.mem
        case .disk: \.disk
        case .gpus: \.gpus
        }
    }

    /// What one instance asks for.
    func amount(_ request: ResourceRequest) -> Double {
        switch self {
        case .cpus: request.cpus
        case .mem: request.mem
        case .disk: request.disk
        case .gpus: request.gpus
        }
    }

    /// For people; Mesos says MB and means MiB, and so do its users.
    var unit: String { self == .mem || self == .disk ? " MB" : "" }
}
