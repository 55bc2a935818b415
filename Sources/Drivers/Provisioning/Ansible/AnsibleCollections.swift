import Migration

/// Whether the collections that a playbook needs are where Ansible looks: beside the playbook, in the folders of its
/// `collections_path`, or together with Ansible itself.
struct AnsibleCollections {
    private let project: AnsibleProject
    private let folder: String
    private let tools: AnsibleTools

    /// - Parameter folder: the environment's folder.
    init(_ configure: Configure, in folder: String, _ tools: AnsibleTools) {
        project = AnsibleProject(configure, in: folder)
        self.folder = folder
        self.tools = tools
    }

    /// One obstacle for each missing collection, with the command that installs it. Nothing is looked up elsewhere.
    var missing: [Obstacle] {
        get async throws(Failure) {
            // Asked only if there is something to look for: most playbooks do without.
            var references = AnsibleReferences(playbook: project.playbook, rolesPaths: [])
            references.read(requirementsIn: [folder, project.playbookFolder])
            references.read()
            guard !references.collections.isEmpty || references.hasUnknownRoles else { return [] }
            let paths = try await tools.searchPaths()
            if references.hasUnknownRoles {
                references = AnsibleReferences(playbook: project.playbook, rolesPaths: paths.roles)
                references.read(requirementsIn: [folder, project.playbookFolder])
                references.read()
            }
            var places = [project.playbookFolder + "/collections"] + paths.collections
            var open = references.collections.filter { !isThere($0.key, in: places) }
            if !open.isEmpty, let bundled = try await tools.bundledCollections() {
                places = [bundled]
                open = open.filter { !isThere($0.key, in: places) }
            }
            return open.sorted { $0.key < $1.key }.map { name, need in
                let place =
                    need.place.hasPrefix(folder + "/") ? String(need.place.dropFirst(folder.count + 1)) : need.place
                return Obstacle(
                    "the Ansible collection \(name), which \(place) needs, is not installed; install it: "
                        + "ansible-galaxy collection install \(name)",
                    isBlocking: need.isCertain)
            }
        }
    }

    private func isThere(_ collection: String, in places: [String]) -> Bool {
        let name = collection.split(separator: ".").joined(separator: "/")
        return places.contains { place in
            Files.isFolder("\(place)/ansible_collections/\(name)")
                || place.hasSuffix("/ansible_collections") && Files.isFolder("\(place)/\(name)")
        }
    }
}
