import JSON

/// What a client wants of one app.
enum AppChange: Sendable {
    /// A complete document, normalised and validated.
    case put(JSONObject)
    case remove
    case restart
}

/// Accepting changes: checks, service ports, versions, and the plan of the deployment.
extension SchedulerState {
    /// Accepts a change of any number of apps as one deployment, or refuses it as a whole.
    mutating func submit(
        _ changes: [PathID: AppChange], force: Bool, at now: Timestamp
    ) throws(MarathonError) -> Deployment {
        let stamp = max(now, Timestamp(milliseconds: version.milliseconds + 1))
        let next = try definitions(after: changes, stamp)
        let plan = try self.plan(next, restarts: restarts(in: changes), stamp)
        try makeRoom(for: plan, force: force, now)
        version = stamp
        for (id, definition) in next { adopt(id, definition) }
        deployments.append(plan)
        markDurableChange()
        publish("group_change_success", at: now, [("groupId", "/"), ("version", .string(stamp.description))])
        publish("deployment_info", at: now, [("plan", plan.planJSON), ("currentStep", ["actions": []])])
        return plan
    }

    /// Takes a deployment back by a new one that restores what was before.
    mutating func rollBack(_ deployment: Deployment, at now: Timestamp) throws(MarathonError) -> Deployment {
        var changes: [PathID: AppChange] = [:]
        for (id, original) in deployment.originals {
            changes[id] = original.map { .put($0.document) } ?? .remove
        }
        return try submit(changes, force: true, at: now)
    }

    /// Forgets a deployment; what it had already changed stays, and its definitions are kept up as they are.
    mutating func cancel(_ deployment: Deployment, at now: Timestamp) {
        deployments.removeAll { $0.id == deployment.id }
        for id in deployment.affectedApps {
            apps[id]?.takeEffect()
            attention.insert(id)
        }
        markDurableChange()
        publish(
            "deployment_failed", at: now,
            [("id", .string(deployment.id)), ("plan", deployment.planJSON), ("reason", "canceled")])
    }

    private func restarts(in changes: [PathID: AppChange]) -> Set<PathID> {
        Set(changes.filter { if case .restart = $0.value { true } else { false } }.keys)
    }

    /// The new definitions of the apps that really change; nil for those that go.
    private func definitions(
        after changes: [PathID: AppChange], _ stamp: Timestamp
    ) throws(MarathonError) -> [PathID: AppDefinition?] {
        var next: [PathID: AppDefinition?] = [:]
        var ports = ServicePorts(apps: apps)
        for (id, change) in changes.sorted(by: { $0.key < $1.key }) {
            let old = apps[id]?.definition
            switch change {
            case .remove:
                if old != nil { next[id] = .some(nil) }
            case .restart:
                guard let old else { throw .unknown(id) }
                next[id] = AppDefinition(document: old.document, version: stamp)
            case .put(let document):
                let complete = try ports.assign(document, old: old)
                let definition = AppDefinition(document: complete, version: stamp)
                if let old, definition.isSame(as: old) { continue }
                if let old, definition.differsOnlyInScale(from: old) {
                    next[id] = AppDefinition(
                        document: complete, version: stamp, lastScalingAt: stamp,
                        lastConfigChangeAt: old.lastConfigChangeAt)
                } else {
                    next[id] = definition
                }
            }
        }
        return next
    }

    private mutating func plan(
        _ next: [PathID: AppDefinition?], restarts: Set<PathID>, _ stamp: Timestamp
    ) throws(MarathonError) -> Deployment {
        try refuseClashes(next)
        var all = apps.mapValues(\.definition)
        for (id, definition) in next { all[id] = definition }
        let changed = next.keys.filter { all[$0] != nil }.sorted()
        guard let layers = DependencyGraph(all).layers(of: changed) else {
            throw .invalidObject([.init(path: "/", message: "Dependency graph has cyclic dependencies.")])
        }
        let removed = next.keys.filter { all[$0] == nil }.sorted()
        let created = changed.filter { apps[$0] == nil }
        var steps = [
            Deployment.Step(actions: removed.map { ($0, .stop) }),
            Deployment.Step(actions: created.map { ($0, .start) }),
        ]
        for layer in Set(changed.compactMap { layers[$0] }).sorted() {
            let actions = changed.filter { layers[$0] == layer }.map { id -> (app: PathID, action: Deployment.Action) in
                guard let old = apps[id]?.definition, let new = all[id] else { return (id, .scale) }
                return (id, new.lastConfigChangeAt == old.lastConfigChangeAt ? .scale : .restart)
            }
            steps.append(Deployment.Step(actions: actions))
        }
        return Deployment(
            id: identifiers.next(), version: stamp, steps: steps.filter { !$0.actions.isEmpty },
            originals: next.keys.reduce(into: [:]) { $0[$1] = .some(apps[$1]?.definition) })
    }

    private func refuseClashes(_ next: [PathID: AppDefinition?]) throws(MarathonError) {
        let stays = { (id: PathID) in next[id].map { $0 != nil } ?? (apps[id] != nil) }
        for (id, definition) in next where definition != nil && apps[id] == nil {
            let isBelow = (1..<max(id.segments.count, 1)).contains {
                stays(PathID(segments: Array(id.segments.prefix($0))))
            }
            let isAbove =
                apps.keys.contains { id.isAncestor(of: $0) && stays($0) }
                || next.keys.contains { id.isAncestor(of: $0) && stays($0) }
            if isBelow || isAbove {
                let message = "Groups and Applications may not have the same identifier."
                throw .invalidObject([.init(path: "/", message: message)])
            }
        }
    }

    private mutating func makeRoom(
        for plan: Deployment, force: Bool, _ now: Timestamp
    ) throws(MarathonError) {
        let affected = Set(plan.affectedApps)
        let conflicts = deployments.filter { !affected.isDisjoint(with: $0.affectedApps) }
        if force {
            for conflict in conflicts { cancel(conflict, at: now) }
            return
        }
        guard conflicts.isEmpty else { throw .locked(by: conflicts.map(\.id)) }
        guard deployments.count < Self.maximumDeployments else {
            throw MarathonError(
                403,
                "Max number (\(Self.maximumDeployments)) of running deployments is achieved. Wait for existing "
                    + "deployments to complete or cancel one using force=true parameter. "
                    + "Current number of running deployments is \(deployments.count).")
        }
    }

    private mutating func adopt(_ id: PathID, _ definition: AppDefinition?) {
        guard let definition else {
            apps[id] = nil
            return
        }
        if apps[id] == nil {
            apps[id] = AppRecord(definition: definition)
        } else {
            apps[id]?.replace(with: definition)
        }
    }
}

/// Service ports in use, and the next free ones.
struct ServicePorts: Sendable {
    private static let range = 10000..<20000
    private var used: Set<Int>
    private var candidate = Self.range.lowerBound

    init(apps: [PathID: AppRecord]) {
        used = Set(apps.values.flatMap { $0.definition.ports.map(\.servicePort) })
    }

    /// Replaces every port 0: first by the ports the app had, then by the lowest free ones.
    mutating func assign(_ document: JSONObject, old: AppDefinition?) throws(MarathonError) -> JSONObject {
        var document = document
        if let definitions = document["portDefinitions"]?.array {
            document["portDefinitions"] = .array(try assign(definitions, "port", old))
        } else if var container = document["container"]?.object, let mappings = container["portMappings"]?.array {
            container["portMappings"] = .array(try assign(mappings, "servicePort", old))
            document["container"] = .object(container)
        }
        return document
    }

    private mutating func assign(
        _ entries: [JSON], _ key: String, _ old: AppDefinition?
    ) throws(MarathonError) -> [JSON] {
        let given = Set(entries.compactMap { $0[key]?.int }.filter { $0 != 0 })
        used.formUnion(given)
        var reusable = (old?.ports.map(\.servicePort) ?? []).filter { !given.contains($0) }[...]
        var assigned: [JSON] = []
        for entry in entries {
            guard var object = entry.object, object[key]?.int == 0 else {
                assigned.append(entry)
                continue
            }
            let port: Int
            if let reused = reusable.popFirst() { port = reused } else { port = try next() }
            object[key] = .count(port)
            assigned.append(.object(object))
        }
        return assigned
    }

    private mutating func next() throws(MarathonError) -> Int {
        while used.contains(candidate) { candidate += 1 }
        guard Self.range.contains(candidate) else {
            throw MarathonError(500, "All ports in the range [10000-20000) are already in use")
        }
        used.insert(candidate)
        return candidate
    }
}
