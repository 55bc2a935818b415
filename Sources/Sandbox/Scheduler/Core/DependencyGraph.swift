/// The dependencies between services: what a service or one of its groups names, as far as that exists.
struct DependencyGraph: Sendable {
    private let tree: Tree
    private let members: [PathID: [PathID]]

    init(_ tree: Tree) {
        self.tree = tree
        members = Dictionary(
            grouping: Array(tree.services.keys) + tree.groups.keys.filter { $0 != .root }, by: \.parent)
    }

    /// The layer of each given service, 0 being those without dependencies; nil when there is a cycle.
    func layers(of services: [PathID]) -> [PathID: Int]? {
        var search = Search(graph: self)
        for id in services {
            guard search.layer(of: id) != nil else { return nil }
        }
        return search.known
    }

    /// Everything a service waits for by its own definition or that of a group around it.
    private func dependencies(of id: PathID) -> [PathID] {
        var all = tree.services[id]?.dependencies ?? []
        for length in 0..<id.segments.count {
            all += tree.groups[PathID(segments: Array(id.segments.prefix(length)))]?.dependencies ?? []
        }
        return all
    }

    private struct Search {
        let graph: DependencyGraph
        var known: [PathID: Int] = [:]
        private var groups: [PathID: Int] = [:]
        private var open: Set<PathID> = []

        init(graph: DependencyGraph) { self.graph = graph }

        mutating func layer(of id: PathID) -> Int? {
            if let layer = known[id] { return layer }
            guard open.insert(id).inserted else { return nil }
            var layer = 0
            for dependency in graph.dependencies(of: id) {
                guard let below = deepest(of: dependency) else { return nil }
                layer = max(layer, below + 1)
            }
            open.remove(id)
            known[id] = layer
            return layer
        }

        /// The deepest layer of a service, or of all that a group holds: -1 when that is nothing.
        private mutating func deepest(of id: PathID) -> Int? {
            if graph.tree.services[id] != nil { return layer(of: id) }
            if let layer = groups[id] { return layer }
            guard graph.tree.contains(id) else { return -1 }
            var layer = -1
            for member in graph.members[id] ?? [] {
                guard let below = deepest(of: member) else { return nil }
                layer = max(layer, below)
            }
            groups[id] = layer
            return layer
        }
    }
}
