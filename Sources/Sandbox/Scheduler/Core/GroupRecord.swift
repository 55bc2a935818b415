import JSON

/// Everything kept about one group, apart from what is in it.
struct GroupRecord: Sendable, Hashable {
    /// Apps, pods or groups that have to run before anything in this group is started.
    var dependencies: [PathID] = []
    /// Whether services below a top-level group must have the group's role; only top-level groups can say so.
    var enforcesRole = false
}

/// The roles a service may have at its place in the tree.
struct RoleSettings: Sendable {
    /// What a service gets that names none.
    let standard: String
    let allowed: [String]
}

/// One accepted change of the tree, with what is needed to go back before it.
struct Revision: Sendable {
    /// The version it made.
    let version: Timestamp
    /// The version before it.
    let previous: Timestamp
    /// The changed services as they were; nil where there was none.
    let originals: [PathID: AppDefinition?]
    /// All groups as they were; nil when none changed.
    let groups: [PathID: GroupRecord]?

    static let limit = 25
}

/// The whole tree at one version.
struct Tree: Sendable {
    var services: [PathID: AppDefinition]
    var groups: [PathID: GroupRecord]
    var version: Timestamp

    func contains(_ group: PathID) -> Bool {
        groups[group] != nil
    }

    /// Brings the groups in line with the services: each service has its groups, and an empty group makes room for one.
    mutating func completeGroups() {
        for id in services.keys {
            var parent = id.parent
            while groups[parent] == nil {
                groups[parent] = GroupRecord()
                parent = parent.parent
            }
        }
        for id in services.keys where groups[id] != nil && !services.keys.contains(where: id.isAncestor(of:)) {
            groups = groups.filter { $0.key != id && !id.isAncestor(of: $0.key) }
        }
    }

    /// The roles for a service at its place, where `role` is the scheduler's own.
    func roles(for id: PathID, of role: String) -> RoleSettings {
        guard id.segments.count > 1, let top = id.segments.first else {
            return RoleSettings(standard: role, allowed: [role])
        }
        if groups[PathID(segments: [top])]?.enforcesRole == true { return RoleSettings(standard: top, allowed: [top]) }
        return RoleSettings(standard: role, allowed: [role, top])
    }
}

extension SchedulerState {
    /// The tree as it was asked for last.
    var tree: Tree {
        Tree(services: apps.mapValues(\.definition), groups: groups, version: version)
    }

    /// The tree as it was at an earlier version; nil when that is unknown or forgotten.
    func tree(at wanted: Timestamp) -> Tree? {
        var tree = tree
        for revision in revisions.reversed() where tree.version > wanted {
            for (id, original) in revision.originals { tree.services[id] = original }
            tree.groups = revision.groups ?? tree.groups
            tree.version = revision.previous
        }
        return tree.version == wanted ? tree : nil
    }

    /// The versions that can still be had, newest first.
    var treeVersions: [Timestamp] {
        [version] + revisions.reversed().map(\.previous)
    }
}
