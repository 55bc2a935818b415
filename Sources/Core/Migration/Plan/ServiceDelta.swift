/// What changed between two observations of a color's services.
public struct ServiceDelta: Codable, Sendable, Hashable {
    public enum Change: Sendable, Hashable {
        case added
        case removed
        /// Another version: the fields that differ, or none where only digests are known.
        case redefined([FieldChange])
        case scaled(from: Int, to: Int)
    }

    public struct Entry: Codable, Sendable, Hashable {
        public var service: ServiceID
        /// A service may be redefined and scaled at once.
        public var changes: [Change]

        public init(_ service: ServiceID, _ changes: [Change]) {
            self.service = service
            self.changes = changes
        }
    }

    /// In the order of the ids; a service that did not change is not in it.
    public var entries: [Entry]

    public var isEmpty: Bool { entries.isEmpty }

    /// Compares with what a plan rests on: which services changed, but not in which fields.
    public init(from planned: [ServiceID: WorldService], to later: [Service]) {
        let found = Dictionary(later.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        entries = Set(planned.keys).union(found.keys).sorted().compactMap { id in
            switch (planned[id], found[id]) {
            case (let before?, let after?):
                let isSame = before.fingerprint == after.fingerprint
                return ServiceDelta.entry(id, isSame ? [] : [.redefined([])], before.instances, after.instances)
            case (nil, _): return Entry(id, [.added])
            case (_, nil): return Entry(id, [.removed])
            }
        }
    }

    /// Compares two observations field by field, or what is wanted in a color with what is found there. Of a service
    /// that must run in one color only the instances are left to its hand-over.
    ///
    /// - Parameter differences: how two definitions of one service differ; see `Cluster.differences`.
    public init(
        from before: [Service], to after: [Service],
        differences: (Service, Service) throws(Failure) -> [FieldChange]
    ) throws(Failure) {
        let wanted = Dictionary(before.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let found = Dictionary(after.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        entries = []
        for id in Set(wanted.keys).union(found.keys).sorted() {
            switch (wanted[id], found[id]) {
            case (let before?, let after?):
                let fields = try differences(before, after)
                let instances = before.mode.isSingleton || after.mode.isSingleton ? before.instances : after.instances
                let entry = ServiceDelta.entry(
                    id, fields.isEmpty ? [] : [.redefined(fields)], before.instances, instances)
                if let entry { entries.append(entry) }
            case (nil, _): entries.append(Entry(id, [.added]))
            case (_, nil): entries.append(Entry(id, [.removed]))
            }
        }
    }

    /// One line for each service: `/shop/cart: 2 → 3 instances; env.A, cmd changed`.
    public var sentences: [String] {
        entries.map { entry in "\(entry.service): " + entry.changes.map(\.description).joined(separator: "; ") }
    }

    private static func entry(_ id: ServiceID, _ changes: [Change], _ before: Int, _ after: Int) -> Entry? {
        let all = changes + (before == after ? [] : [.scaled(from: before, to: after)])
        return all.isEmpty ? nil : Entry(id, all)
    }
}

extension ServiceDelta.Change: CustomStringConvertible {
    public var description: String {
        switch self {
        case .added: "added"
        case .removed: "removed"
        case .redefined(let fields):
            fields.isEmpty ? "its definition changed" : fields.map(\.path).joined(separator: ", ") + " changed"
        case .scaled(let before, let after): "\(before) → \(after) instances"
        }
    }
}
