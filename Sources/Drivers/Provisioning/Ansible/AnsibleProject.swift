import Migration

/// Where the files of a project's Ansible are, in a pinned copy or in the checkout.
struct AnsibleProject {
    private let configure: Configure
    private let folder: String

    /// - Parameter folder: the environment's folder.
    init(_ configure: Configure, in folder: String) {
        self.configure = configure
        self.folder = folder
    }

    var playbook: String { folder + "/" + configure.playbook }
    var playbookFolder: String { playbook.split(separator: "/").dropLast().map { "/" + $0 }.joined() }

    /// The project's own settings: beside the playbook, or in the environment's folder.
    var configuration: String? {
        [playbookFolder, folder].map { $0 + "/ansible.cfg" }.first(where: Files.exists)
    }

    private var inventory: String? { configure.inventory.map { folder + "/" + $0 } }

    /// Where `group_vars` and `host_vars` of the project's inventory are.
    var inventoryFolder: String? {
        guard let inventory else { return nil }
        return Files.isFolder(inventory)
            ? inventory : inventory.split(separator: "/").dropLast().map { "/" + $0 }.joined()
    }

    /// What Ansible reads as an inventory; nil for a folder of variables only, which it would refuse.
    var inventorySource: String? {
        guard let inventory, Files.isFolder(inventory) else { return inventory }
        let names = Files.names(in: inventory).filter { !$0.hasPrefix(".") && $0 != "group_vars" && $0 != "host_vars" }
        return names.isEmpty ? nil : inventory
    }

    /// What environment.yaml names and is not there, for people.
    var missingFiles: [String] {
        var missing: [String] = []
        if !Files.exists(playbook) { missing.append("the playbook \(configure.playbook) is not there") }
        if let inventory, !Files.exists(inventory) {
            missing.append("the inventory \(configure.inventory ?? "") is not there")
        }
        return missing.map { "\($0): correct `configure.ansible` in environment.yaml" }
    }
}

extension Ansible {
    /// What environment.yaml names and is not there, for people, without asking Ansible.
    ///
    /// - Parameter folder: the environment's folder.
    public static func missingFiles(_ configure: Configure, in folder: String) -> [String] {
        AnsibleProject(configure, in: folder).missingFiles
    }
}
