/// A change on its way: steps taken one after the other, each finished when all its apps are.
struct Deployment: Sendable {
    enum Action: String, Sendable {
        case start = "StartApplication"
        case stop = "StopApplication"
        case scale = "ScaleApplication"
        case restart = "RestartApplication"
    }

    struct Step: Sendable {
        var actions: [(app: PathID, action: Action)]
    }

    let id: String
    let version: Timestamp
    let steps: [Step]
    /// What the affected apps were before, for a rollback; nil where there was none.
    let originals: [PathID: AppDefinition?]
    /// Steps begun so far: 0 before the first.
    var currentStep = 0
    /// Apps the current step still waits for; found anew after a restart of the scheduler.
    var waitingFor: Set<PathID> = []

    var affectedApps: [PathID] {
        Array(Set(steps.flatMap { $0.actions.map(\.app) })).sorted()
    }

    var currentActions: [(app: PathID, action: Action)] {
        currentStep > 0 && currentStep <= steps.count ? steps[currentStep - 1].actions : []
    }
}

/// The dependencies between apps: edges lead only to apps that exist.
struct DependencyGraph: Sendable {
    private let edges: [PathID: [PathID]]

    init(_ apps: [PathID: AppDefinition]) {
        var edges: [PathID: [PathID]] = [:]
        for (id, app) in apps where !app.dependencies.isEmpty {
            edges[id] = app.dependencies.flatMap { dependency -> [PathID] in
                if apps[dependency] != nil { return [dependency] }
                return apps.keys.filter { dependency.isAncestor(of: $0) && $0 != id }
            }
        }
        self.edges = edges
    }

    /// The layer of each given app, 0 being the apps without dependencies; nil when there is a cycle.
    func layers(of apps: [PathID]) -> [PathID: Int]? {
        var depth: [PathID: Int] = [:]
        var open: Set<PathID> = []
        func visit(_ id: PathID) -> Int? {
            if let known = depth[id] { return known }
            guard open.insert(id).inserted else { return nil }
            var deepest = 0
            for dependency in edges[id] ?? [] {
                guard let below = visit(dependency) else { return nil }
                deepest = max(deepest, below + 1)
            }
            open.remove(id)
            depth[id] = deepest
            return deepest
        }
        for id in apps { guard visit(id) != nil else { return nil } }
        return depth
    }
}
