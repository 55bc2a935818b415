import JSON
import YAML

/// The collections that a playbook refers to, with what it imports and includes, as far as its text says it.
///
/// What Ansible reads before its first task (plays, roles, imports) is certain to fail without them. What it includes
/// on the way may be left out by a condition. Files that are no YAML to rz are left to Ansible.
struct AnsibleReferences {
    struct Need: Equatable {
        /// The first file that refers to it.
        var place: String
        var isCertain: Bool
    }

    private let playbook: String
    private let rolesPaths: [String]
    private(set) var collections: [String: Need] = [:]
    /// Whether a role is in none of the folders that were searched.
    private(set) var hasUnknownRoles = false
    private var seen: Set<String> = []

    /// - Parameter rolesPaths: where roles are searched besides the playbook's folder.
    init(playbook: String, rolesPaths: [String]) {
        self.playbook = playbook
        self.rolesPaths = rolesPaths
    }

    mutating func read() { read(playbook: playbook, isCertain: true) }

    /// Reads `requirements.yml`, where collections are declared that no task's name shows: filters, lookups.
    mutating func read(requirementsIn folders: [String]) {
        for folder in Set(folders).sorted() {
            for name in ["requirements", "collections/requirements"] {
                guard let (path, json) = yaml(folder + "/" + name) else { continue }
                for entry in json["collections"]?.array ?? [] {
                    let name = entry.string ?? entry["name"]?.string ?? ""
                    if parts(name).count == 2 { need(name, path, isCertain: true) }
                }
            }
        }
    }

    // MARK: - Files

    private mutating func read(playbook path: String, isCertain: Bool) {
        guard seen.insert("\(path) \(isCertain)").inserted, let json = AnsibleReferences.yaml(path) else { return }
        for play in json.array ?? [] {
            for (key, value) in play.object ?? JSONObject() {
                switch own(key) {
                case "import_playbook":
                    if let file = value.string, isPlain(file) {
                        let imported = folder(of: path) + "/" + file
                        if !Files.exists(imported), parts(file).count >= 3 { need(file, path, isCertain: isCertain) }
                        read(playbook: imported, isCertain: isCertain)
                    }
                case "roles": for role in value.array ?? [] { read(role: name(role), from: path, isCertain) }
                case "tasks", "pre_tasks", "post_tasks", "handlers":
                    read(tasks: value, of: path, role: folder(of: path), isCertain)
                default: continue
                }
            }
        }
    }

    private mutating func read(role: String?, from place: String, _ isCertain: Bool) {
        guard let role, isPlain(role) else { return }
        let places = [folder(of: playbook) + "/roles"] + rolesPaths + [folder(of: playbook)]
        guard let home = places.map({ $0 + "/" + role }).first(where: Files.isFolder) else {
            if parts(role).count == 3 { need(role, place, isCertain: isCertain) } else { hasUnknownRoles = true }
            return
        }
        for name in ["tasks/main", "handlers/main"] {
            if let (path, json) = yaml(home + "/" + name), seen.insert("\(path) \(isCertain)").inserted {
                read(tasks: json, of: path, role: home, isCertain)
            }
        }
        if let (path, json) = yaml(home + "/meta/main"), seen.insert("\(path) \(isCertain)").inserted {
            for other in json["dependencies"]?.array ?? [] { read(role: name(other), from: path, isCertain) }
        }
    }

    /// - Parameter home: the role's folder, or the playbook's, where included files are searched too.
    private mutating func read(tasks: JSON, of path: String, role home: String, _ isCertain: Bool) {
        for task in tasks.array ?? [] {
            for (key, value) in task.object ?? JSONObject() {
                switch own(key) {
                case "block", "rescue", "always": read(tasks: value, of: path, role: home, isCertain)
                case "import_role", "include_role":
                    read(role: name(value), from: path, isCertain && own(key) == "import_role")
                case "import_tasks", "include_tasks":
                    let file = value.string ?? value["file"]?.string ?? ""
                    let isCertain = isCertain && own(key) == "import_tasks"
                    let places = [folder(of: path), home + "/tasks", home].map { $0 + "/" + file }
                    guard isPlain(file), let found = places.first(where: Files.exists),
                        seen.insert("\(found) \(isCertain)").inserted, let json = AnsibleReferences.yaml(found)
                    else { continue }
                    read(tasks: json, of: found, role: home, isCertain)
                case "action", "local_action":
                    let words = value.string?.split(separator: " ").first.map(String.init)
                    if let module = words ?? value["module"]?.string { need(module, path, isCertain: isCertain) }
                default: need(key, path, isCertain: isCertain)
                }
            }
        }
    }

    // MARK: - Names

    /// Notes the collection of `namespace.collection.name`. Keys of a task with dots are nothing else.
    private mutating func need(_ name: String, _ place: String, isCertain: Bool) {
        let parts = parts(name)
        guard parts.count >= 2, parts[0] != "ansible" || !["builtin", "legacy"].contains(parts[1]) else { return }
        let collection = "\(parts[0]).\(parts[1])"
        let known = collections[collection]
        collections[collection] = Need(
            place: known?.place ?? place, isCertain: isCertain || known?.isCertain == true)
    }

    /// The parts of a name with dots; none if it is no such name.
    private func parts(_ name: String) -> [String] {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let isName = parts.allSatisfy { part in
            !part.isEmpty && part.first?.isNumber == false
                && part.allSatisfy { $0 == "_" || $0.isASCII && ($0.isLowercase || $0.isNumber) }
        }
        return isName && parts.count >= 2 ? parts : []
    }

    private func own(_ key: String) -> String {
        for prefix in ["ansible.builtin.", "ansible.legacy."] where key.hasPrefix(prefix) {
            return String(key.dropFirst(prefix.count))
        }
        return key
    }

    private func name(_ role: JSON) -> String? { role.string ?? role["role"]?.string ?? role["name"]?.string }
    private func isPlain(_ text: String) -> Bool { !text.isEmpty && !text.contains("{{") }
    private func folder(of path: String) -> String {
        path.split(separator: "/").dropLast().map { "/" + $0 }.joined()
    }

    private func yaml(_ stem: String) -> (path: String, json: JSON)? {
        for path in [".yml", ".yaml", ""].map({ stem + $0 }) where Files.exists(path) && !Files.isFolder(path) {
            return AnsibleReferences.yaml(path).map { (path, $0) }
        }
        return nil
    }

    private static func yaml(_ path: String) -> JSON? {
        Files.textIfThere(path).flatMap { try? JSON(yaml: $0) }
    }
}
