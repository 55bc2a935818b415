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
        try Files.write("# rz reads no settings but those beside the playbook.\n", to: configuration)
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
    var inventory: String { path + "/inventory.json" }
    /// Each run has its own: one that was stopped, and ends after another rz took over, must not take the other's away.
    var variables: String { "\(path)/variables-\(number).json" }
    /// Ansible's settings where the repository has none.
    var configuration: String { path + "/ansible.cfg" }
    /// Handlers that runs before this one left undone.
    var unfinished: AnsibleHandlers { AnsibleHandlers(path: path + "/unfinished.json") }
    var events: String { "\(path)/events-\(number).jsonl" }
    var output: String { "\(path)/output-\(number).log" }
    var record: ProcessRecord { ProcessRecord(path: path + "/running") }

    /// Writes the servers in the form that Ansible's `yaml` inventory plugin reads.
    func write(_ inventory: Inventory) throws(Failure) {
        var groups = JSONObject()
        for group in inventory.groups.keys.sorted() {
            var hosts = JSONObject()
            for host in inventory.groups[group] ?? [] { hosts[host.name] = .object(variables(of: host)) }
            groups[group] = ["hosts": .object(hosts)]
        }
        let json: JSON = ["all": ["children": .object(groups)]]
        try Files.write(json.pretty + "\n", to: self.inventory)
    }

    func write(variables: [String: String]) throws(Failure) {
        let pairs = variables.sorted { $0.key < $1.key }.map { ($0.key, AnsibleFolder.untouched($0.value)) }
        try Files.write(JSON.object(JSONObject(pairs)).compact, to: self.variables)
    }

    /// A value that Ansible takes as it is: others are templates to it, and `a{#b#}c` would arrive as `ac`.
    ///
    /// Source: ansible-core, `_internal/_json/_profiles/_legacy.py`.
    private static func untouched(_ value: String) -> JSON { ["__ansible_unsafe": .string(value)] }

    private func variables(of host: Host) -> JSONObject {
        var variables = JSONObject()
        for (name, value) in host.variables.sorted(by: { $0.key < $1.key }) {
            variables[name] = AnsibleFolder.untouched(value)
        }
        variables["ansible_host"] = AnsibleFolder.untouched(host.address)
        // Servers on this machine would otherwise share ~/.ansible/tmp with everything else on it.
        if host.address.hasPrefix("127.") || host.variables["ansible_connection"] == "local" {
            variables["ansible_remote_tmp"] = .string(home + "/remote")
        }
        return variables
    }
}
