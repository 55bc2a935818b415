import JSON
import Migration

/// Ansible's programs that only look: `ansible-playbook --version`, `ansible-inventory`, `ansible-config`.
struct AnsibleTools {
    let playbookProgram: String
    let folder: String
    /// The project's ansible.cfg, or one that says nothing: without any, those of the user and the machine count.
    let configuration: String
    let inherited: InheritedEnvironment

    /// What every program of Ansible gets.
    var environment: [String: String] {
        var environment = inherited.variables
        environment.merge([
            "ANSIBLE_CONFIG": configuration,
            "ANSIBLE_LOCAL_TEMP": inherited["TMPDIR"] ?? "/tmp",
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
            "ANSIBLE_NOCOLOR": "1",
            // Ansible refuses to start in a locale that is not UTF-8.
            "LC_ALL": "C.UTF-8",
            // The pinned copy stays as it is.
            "PYTHONDONTWRITEBYTECODE": "1",
        ]) { $1 }
        return environment
    }

    /// Lines of `ansible-playbook`.
    func require(_ arguments: [String], _ problem: String) async throws(Failure) -> [String] {
        try await run(playbookProgram, arguments, problem).split(whereSeparator: \.isNewline).map(String.init)
    }

    /// The variables of every host that Ansible knows from these inventories, `group_vars` and `host_vars` included,
    /// also those beside the playbook.
    func hostVariables(_ sources: [String], playbook: String) async throws(Failure) -> [String: JSON] {
        let playbookFolder = playbook.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        let json = try await json(
            "ansible-inventory",
            sources.flatMap { ["-i", $0] } + ["--list", "--playbook-dir", playbookFolder], "can't read the inventory")
        var variables: [String: JSON] = [:]
        for (host, values) in json["_meta"]?["hostvars"]?.object ?? JSONObject() { variables[host] = values }
        // A host without variables is in its groups only.
        for (_, group) in json.object ?? JSONObject() {
            for host in group["hosts"]?.array ?? [] {
                if let name = host.string, variables[name] == nil { variables[name] = [:] }
            }
        }
        return variables
    }

    /// The folders in which Ansible looks for collections and for roles, by its settings.
    func searchPaths() async throws(Failure) -> (collections: [String], roles: [String]) {
        let settings = try await json("ansible-config", ["dump", "--format", "json"], "can't report its settings")
        func folders(_ name: String) -> [String] {
            let setting = settings.array?.first { $0["name"]?.string == name }
            return (setting?["value"]?.array ?? []).compactMap(\.string)
        }
        return (folders("COLLECTIONS_PATHS"), folders("DEFAULT_ROLES_PATH"))
    }

    /// Where the collections are that were installed together with Ansible.
    func bundledCollections() async throws(Failure) -> String? {
        let lines = try await require(["--version"], "does not report its version")
        // `  ansible python module location = /usr/lib/python3/dist-packages/ansible`
        let line = lines.first { $0.split(separator: "=").first?.contains("python module location") == true }
        guard let module = line?.split(separator: "=").last?.filter({ !$0.isWhitespace }) else { return nil }
        return module.split(separator: "/").dropLast().map { "/" + $0 }.joined()
    }

    private func json(_ program: String, _ arguments: [String], _ problem: String) async throws(Failure) -> JSON {
        let text = try await run(path(of: program), arguments, problem)
        do throws(JSONError) {
            return try JSON(parsing: text)
        } catch {
            throw Failure("\(program) \(problem)", at: folder, details: ["\(error)"])
        }
    }

    private func run(_ program: String, _ arguments: [String], _ problem: String) async throws(Failure) -> String {
        let output = try OutputFile()
        let errors = try OutputFile()
        let command = Command(
            program, arguments, environment: environment, folder: folder, deadline: .minutes(1))
        let end = try await ChildProcess(command).run(output: output, errors: errors)
        try end.refuseStopped(command)
        guard end.isSuccess else {
            throw Failure("\(command.name) \(problem)", at: folder, details: output.lastLines() + errors.lastLines())
        }
        return try output.wholeText(at: command.name)
    }

    /// Beside `ansible-playbook`, also where that is a link to it.
    private func path(of program: String) -> String {
        guard playbookProgram.contains("/") else { return program }
        let places = [playbookProgram, Files.real(playbookProgram)].compactMap { $0 }.map { path in
            path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/"
                + program
        }
        return places.first(where: Files.exists) ?? program
    }
}
