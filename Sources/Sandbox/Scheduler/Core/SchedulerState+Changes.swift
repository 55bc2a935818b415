import JSON

/// What a client wants of one app or pod.
enum AppChange: Sendable {
    /// A complete document, normalised and validated.
    case put(JSONObject, as: AppDefinition.Kind = .app)
    case remove
    case restart
}

/// Accepting changes: checks, service ports, versions, and the plan of the deployment.
extension SchedulerState {
    /// Accepts a change of any number of services and groups as one deployment, or refuses it as a whole.
    ///
    /// - Parameters:
    ///   - groups: groups to make, change or (nil) remove.
    ///   - subject: the group the change is announced for; by default the one that holds all of it.
    mutating func submit(
        _ changes: [PathID: AppChange], groups changedGroups: [PathID: GroupRecord?] = [:], subject: PathID? = nil,
        force: Bool, at now: Timestamp
    ) throws(MarathonError) -> Deployment {
        let stamp = max(now, Timestamp(milliseconds: version.milliseconds + 1))
        let subject = subject ?? (changes.count == 1 ? changes.keys.first?.parent : nil) ?? .root
        do throws(MarathonError) {
            let next = try definitions(after: changes, stamp)
            let tree = self.tree(after: next, changedGroups, stamp)
            let plan = try self.plan(next, in: tree)
            try makeRoom(for: plan, force: force, now)
            accept(next, tree, plan)
            publish("group_change_success", at: now, announcement(subject, stamp))
            publish("deployment_info", at: now, [("plan", plan.planJSON), ("currentStep", ["actions": []])])
            return plan
        } catch {
            let reason = error.body["message"] ?? .null
            publish("group_change_failed", at: now, announcement(subject, stamp) + [("reason", reason)])
            throw error
        }
    }

    /// Takes a deployment back by a new one that restores what was before.
    mutating func rollBack(_ deployment: Deployment, at now: Timestamp) throws(MarathonError) -> Deployment {
        let services = deployment.originals.mapValues { original -> AppChange in
            original.map { .put($0.document, as: $0.kind) } ?? .remove
        }
        return try submit(services, groups: groups(before: deployment), force: true, at: now)
    }

    /// The groups a deployment made, changed or removed, as they were before.
    private func groups(before deployment: Deployment) -> [PathID: GroupRecord?] {
        guard let after = tree(at: deployment.version)?.groups,
            let before = revisions.first(where: { $0.version == deployment.version })?.groups
        else { return [:] }
        let ids = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
        return ids.reduce(into: [:]) { $0[$1] = .some(before[$1]) }
    }

    /// Forgets a deployment; what it had already changed stays, and its definitions are kept up as they are.
    mutating func cancel(_ deployment: Deployment, at now: Timestamp) {
        deployments.removeAll { $0.id == deployment.id }
        for id in deployment.affected {
            apps[id]?.takeEffect()
            attention.insert(id)
        }
        markDurableChange()
        publish(
            "deployment_failed", at: now,
            [("id", .string(deployment.id)), ("plan", deployment.planJSON), ("reason", "canceled")])
    }

    private func announcement(_ group: PathID, _ stamp: Timestamp) -> [(String, JSON)] {
        [("groupId", .string(group.description)), ("version", .string(stamp.description))]
    }

    /// The new definitions of the services that really change; nil for those that go.
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
                next[id] = AppDefinition(document: old.document, kind: old.kind, version: stamp)
            case .put(let document, let kind):
                guard old == nil || old?.kind == kind else {
                    let message = "Applications and Pods may not have the same identifier."
                    throw .invalidObject([.init(path: "/", message: message)])
                }
                let complete = kind == .app ? try ports.assign(document, old: old) : document
                let definition = AppDefinition(document: complete, kind: kind, version: stamp)
                if let old, definition.isSame(as: old) { continue }
                if let old, definition.differsOnlyInScale(from: old) {
                    next[id] = AppDefinition(
                        document: complete, kind: kind, version: stamp, lastScalingAt: stamp,
                        lastConfigChangeAt: old.lastConfigChangeAt)
                } else {
                    next[id] = definition
                }
            }
        }
        return next
    }

    private func tree(
        after next: [PathID: AppDefinition?], _ changedGroups: [PathID: GroupRecord?], _ stamp: Timestamp
    ) -> Tree {
        var tree = tree
        for (id, definition) in next { tree.services[id] = definition }
        for (id, group) in changedGroups { tree.groups[id] = group }
        tree.completeGroups()
        tree.version = stamp
        return tree
    }

    private mutating func plan(
        _ next: [PathID: AppDefinition?], in tree: Tree
    ) throws(MarathonError) -> Deployment {
        try Self.refuseClashes(in: tree)
        let changed = next.keys.filter { tree.services[$0] != nil }.sorted()
        guard let layers = DependencyGraph(tree).layers(of: changed) else {
            throw .invalidObject([.init(path: "/", message: "Dependency graph has cyclic dependencies.")])
        }
        let removed = next.keys.filter { tree.services[$0] == nil }.sorted()
        let created = changed.filter { apps[$0] == nil }
        var steps = [
            Deployment.Step(actions: removed.map { ($0, .stop) }),
            Deployment.Step(actions: created.map { ($0, .start) }),
        ]
        for layer in Set(changed.compactMap { layers[$0] }).sorted() {
            let actions = changed.filter { layers[$0] == layer }.map { id -> (app: PathID, action: Deployment.Action) in
                guard let old = apps[id]?.definition, let new = tree.services[id] else { return (id, .scale) }
                return (id, new.lastConfigChangeAt == old.lastConfigChangeAt ? .scale : .restart)
            }
            steps.append(Deployment.Step(actions: actions))
        }
        let pods = next.keys.filter { (tree.services[$0] ?? apps[$0]?.definition)?.kind == .pod }
        return Deployment(
            id: identifiers.next(), version: tree.version, steps: steps.filter { !$0.actions.isEmpty },
            originals: next.keys.reduce(into: [:]) { $0[$1] = .some(apps[$1]?.definition) }, pods: Set(pods))
    }

    private static func refuseClashes(in tree: Tree) throws(MarathonError) {
        guard !tree.groups.keys.contains(where: { tree.services[$0] != nil }) else {
            let message = "Groups and Applications may not have the same identifier."
            throw .invalidObject([.init(path: "/", message: message)])
        }
    }

    private mutating func makeRoom(
        for plan: Deployment, force: Bool, _ now: Timestamp
    ) throws(MarathonError) {
        let affected = Set(plan.affected)
        let conflicts = deployments.filter { !affected.isDisjoint(with: $0.affected) }
        if force {
            for conflict in conflicts { cancel(conflict, at: now) }
            return
        }
        guard deployments.count < Self.maximumDeployments else {
            throw MarathonError(
                403,
                "Max number (\(Self.maximumDeployments)) of running deployments is achieved. Wait for existing "
                    + "deployments to complete or cancel one using force=true parameter. You can increase max "
                    + "deployment number by using --max_running_deployments parameter.")
        }
        guard conflicts.isEmpty else { throw .locked(by: conflicts.map(\.id)) }
    }

    private mutating func accept(_ next: [PathID: AppDefinition?], _ tree: Tree, _ plan: Deployment) {
        revisions.append(
            Revision(
                version: tree.version, previous: version, originals: plan.originals,
                groups: tree.groups == groups ? nil : groups))
        if revisions.count > Revision.limit { revisions.removeFirst() }
        version = tree.version
        groups = tree.groups
        for (id, definition) in next { adopt(id, definition) }
        deployments.append(plan)
        markDurableChange()
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
