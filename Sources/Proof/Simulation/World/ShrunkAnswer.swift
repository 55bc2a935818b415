import Migration

/// How a framework reports less than it runs.
enum ShrunkAnswer: Sendable, Hashable {
    /// It answers no look at all.
    case dead
    /// 200, and no service.
    case empty
    /// 200 and null, or anything else that is no list: its driver refuses that.
    case noList
    /// Without these services: half a list, or one of before they came.
    case without(Set<ServiceID>)
    /// Two leaders answer in turn, and one of them knows nothing of these.
    case inTurn(without: Set<ServiceID>)

    /// Each kind of answer that a source with these services can give.
    static func all(of services: some Collection<ServiceID>) -> [ShrunkAnswer] {
        let services = services.sorted()
        let half = Set(services.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element))
        return [.dead, .empty, .noList, .without(half), .inTurn(without: Set(services))]
            + services.map { .without([$0]) }
    }
}

extension WorldState {
    /// The world as the source of a color reports it.
    ///
    /// - Throws: `Failure` where it reports nothing that could be read.
    func asReported(by color: Color) throws(Failure) -> WorldState {
        var world = self
        switch reported[color] {
        case nil: break
        case .dead: throw Failure("The source of \(color) does not answer", kind: .transient)
        case .noList: throw Failure("The answer of \(color)'s source holds no list of services")
        case .empty: world[color].services = [:]
        case .without(let hidden): world.hide(hidden, in: color)
        case .inTurn(let hidden): if (time / 700).isMultiple(of: 2) { world.hide(hidden, in: color) }
        }
        return world
    }

    /// Services of which something runs.
    func running(in color: Color) -> [ServiceID] {
        self[color].services.keys.sorted().filter { id in
            guard let launched = self[color].services[id] else { return false }
            return launched.instances > 0 || launched.runsUntil > time
        }
    }

    private mutating func hide(_ hidden: Set<ServiceID>, in color: Color) {
        for id in hidden { self[color].services[id] = nil }
    }
}
