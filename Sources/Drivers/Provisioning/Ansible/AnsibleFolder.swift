import JSON
import Migration

/// rz's own files for the playbook runs of one color.
struct AnsibleFolder {
    let path: String
    private let number: Int

    /// Makes the folder, and room for one more run.
    init(path: String) throws(Failure) {
        self.path = path
        try Files.makeFolder(path + "/plugins")
        try Files.makeFolder(path + "/home")
        // Left behind by an rz that was killed.
        for name in Files.names(in: path) where name.hasPrefix("variables") { Files.remove("\(path)/\(name)") }
        let runs = AnsibleFolder.runs(in: path)
        number = (runs.last ?? 0) + 1
        for run in runs where run < number - 10 {
            Files.remove("\(path)/events-\(run).jsonl")
            Files.remove("\(path)/output-\(run).log")
        }
        try Files.write(AnsibleCallback.source, to: plugins + "/\(AnsibleCallback.name).py")
    }

    /// Notes that this run goes on, for an rz that comes after a crash.
    func begin() throws(Failure) { try Files.write("\(number)\n", to: path + "/begun") }

    func end() { Files.remove(path + "/begun") }

    /// The events of a run whose end no rz saw.
    var cutOffEvents: String? {
        guard let number = Files.textIfThere(path + "/begun").flatMap({ Int($0.filter { !$0.isWhitespace }) }) else {
            return nil
        }
        return "\(path)/events-\(number).jsonl"
    }

    private static func runs(in path: String) -> [Int] {
        Files.names(in: path).compactMap { name in
            name.hasPrefix("events-") ? Int(name.dropFirst("events-".count).dropLast(".jsonl".count)) : nil
        }.sorted()
    }

    var plugins: String { path + "/plugins" }
    var home: String { path + "/home" }
    /// In a folder of its own, so that the project's `group_vars` and `host_vars` can stand beside it.
    var inventory: String { path + "/inventory/servers.json" }
    /// Each run has its own: one that was stopped, and ends after another rz took over, must not take the other's away.
    var variables: String { "\(path)/variables-\(number).json" }
    /// Handlers that runs before this one left undone.
    var unfinished: AnsibleHandlers { AnsibleHandlers(path: path + "/unfinished.json") }
    var events: String { "\(path)/events-\(number).jsonl" }
    var output: String { "\(path)/output-\(number).log" }
    var record: ProcessRecord { ProcessRecord(path: path + "/running") }

    /// Writes the servers in the form that Ansible's `yaml` inventory plugin reads.
    ///
    /// - Parameters:
    ///   - addressed: names of the servers whose address Ansible is given.
    ///   - project: the folder of the project's inventory: its `group_vars` and `host_vars` count as beside this one.
    func write(_ inventory: Inventory, addressed: Set<String>, project: String? = nil) throws(Failure) {
        try Files.makeFolder(path + "/inventory")
        for name in ["group_vars", "host_vars"] {
            let link = "\(path)/inventory/\(name)"
            Files.remove(link)
            guard let target = project.map({ $0 + "/" + name }), Files.isFolder(target) else { continue }
            try Files.link(link, to: target)
        }
        try Files.write(AnsibleFolder.json(inventory, addressed, home: home).pretty + "\n", to: self.inventory)
    }

    static func json(_ inventory: Inventory, _ addressed: Set<String>, home: String) -> JSON {
        var groups = JSONObject()
        var everyone = JSONObject()
        for group in inventory.groups.keys.sorted() {
            var hosts = JSONObject()
            for host in inventory.groups[group] ?? [] {
                hosts[host.name] = .object(variables(of: host, isAddressed: addressed.contains(host.name), home))
            }
            // It is above all groups, not one of them.
            if group == "all" { everyone = hosts } else { groups[group] = ["hosts": .object(hosts)] }
        }
        return ["all": ["hosts": .object(everyone), "children": .object(groups)]]
    }

    /// A file for `--extra-vars @FILE`. It needs a name: Ansible resolves the links of `/proc/PID/fd` and then finds none.
    func write(variables: [String: String]) throws(Failure) {
        let pairs = variables.sorted { $0.key < $1.key }.map { ($0.key, AnsibleFolder.untouched($0.value)) }
        try Files.write(JSON.object(JSONObject(pairs)).compact, to: self.variables)
    }

    /// A value that Ansible takes as it is: others are templates to it, and `a{#b#}c` would arrive as `ac`.
    ///
    /// Source: ansible-core, `_internal/_json/_profiles/_legacy.py`.
    private static func untouched(_ value: String) -> JSON { ["__ansible_unsafe": .string(value)] }

    /// The same for every text in a value.
    private static func untouched(_ value: JSON) -> JSON {
        if let text = value.string { return untouched(text) }
        if let elements = value.array { return .array(elements.map(untouched)) }
        guard let object = value.object else { return value }
        return .object(JSONObject(object.map { ($0.0, untouched($0.1)) }))
    }

    private static func variables(of host: Host, isAddressed: Bool, _ home: String) -> JSONObject {
        var variables = JSONObject()
        let structured = Set(host.structured ?? [])
        for (name, value) in host.variables.sorted(by: { $0.key < $1.key }) {
            let json = structured.contains(name) ? try? JSON(parsing: value) : nil
            variables[name] = json.map { untouched($0) } ?? untouched(value)
        }
        if isAddressed { variables["ansible_host"] = untouched(host.address) }
        // Servers on this machine would otherwise share ~/.ansible/tmp with everything else on it.
        if host.address.hasPrefix("127.") || host.variables["ansible_connection"] == "local" {
            variables["ansible_remote_tmp"] = .string(home + "/remote")
        }
        return variables
    }
}
