import Migration

/// Configures servers with a playbook.
///
/// Measured behaviour behind the choices: docs/provisioning.md.
public struct Ansible: Configurator {
    private let binary: String
    let configure: Configure
    private let environmentFolder: String
    let stateFolder: String
    private let inherited: InheritedEnvironment
    private let names: NameService
    private let resolve: Resolver
    private let known: KnownSecrets

    /// - Parameters:
    ///   - binary: path or name of `ansible-playbook`; the other programs of Ansible are beside it.
    ///   - environmentFolder: the environment's folder in a pinned copy; nothing is written into it.
    ///   - stateFolder: rz's folder for this environment; events and logs are kept in `ansible/` below it.
    public init(
        binary: String, configure: Configure, environmentFolder: String, stateFolder: String,
        inherited: InheritedEnvironment = InheritedEnvironment(), names: NameService = .system,
        resolve: @escaping Resolver, secrets: @escaping KnownSecrets = { Secrets() }
    ) {
        self.binary = binary
        self.configure = configure
        self.environmentFolder = environmentFolder
        self.stateFolder = stateFolder
        self.inherited = inherited
        self.names = names
        self.resolve = resolve
        known = secrets
    }

    public func observeVersion() async throws(Failure) -> String {
        // `ansible-playbook [core 2.19.14]`
        let line = try await tools().require(["--version"], "does not report its version").first ?? ""
        guard let version = line.split(separator: "[core ").last?.prefix(while: { $0 != "]" }), version != line else {
            throw Failure("\(binary) does not report its version", details: [String(line)])
        }
        return "Ansible \(version)"
    }

    public func observeObstacles() async throws(Failure) -> [Obstacle] {
        let missing = AnsibleProject(configure, in: environmentFolder).missingFiles
        guard missing.isEmpty else { return missing.map { Obstacle($0, isBlocking: true) } }
        do throws(Failure) {
            return try await AnsibleCollections(configure, in: environmentFolder, tools()).missing
        } catch {
            return [Obstacle("whether Ansible has its collections is not known: \(error.summary)", isBlocking: false)]
        }
    }

    /// What Ansible can't read of the playbook and of what it imports, roles too, or that it would do nothing. Calls no
    /// server and no inventory; plugins of the project are loaded.
    public func observePlaybook() async throws(Failure) -> Obstacle? {
        do throws(Failure) {
            let listed = try await tools().require(
                ["-i", "localhost,", "--list-tasks", configure.playbook], "can't be read")
            // Each task of each play has a line of its own, deeper than that of its play.
            guard !listed.contains(where: { $0.hasPrefix("      ") }) else { return nil }
            return Obstacle(
                "The playbook \(configure.playbook) has no task: nothing would be configured", isBlocking: false)
        } catch {
            let errors = error.details.filter { line in
                ["[ERROR]", "ERROR!", "Origin:"].contains { line.hasPrefix($0) }
            }
            let words = (errors.isEmpty ? error.details : errors).joined(separator: "; ")
            // Variables may come with a color's inventory.
            return Obstacle(
                "Ansible can't read the playbook \(configure.playbook): \(words.isEmpty ? error.summary : words)",
                isBlocking: error.kind == .permanent && !words.contains("is undefined"))
        }
    }

    public func reached(_ inventory: Inventory) async throws(Failure) -> [Host] {
        guard !inventory.isEmpty else { return [] }
        // Several may look at once, so each has a folder of its own, which holds no more than these servers.
        Files.removeDrafts(of: "look", in: stateFolder + "/ansible")
        let path = Files.draft(of: stateFolder + "/ansible/look")
        let folder = try AnsibleFolder(path: path)
        defer { Files.removeFolder(path) }
        try folder.write(
            inventory, addressed: await names.unreached(inventory, configure.hostAddress ?? .whenNeeded),
            project: project.inventoryFolder)
        return try await AnsibleTargets(
            variables: tools().hostVariables(sources(folder), playbook: playbook), names: names
        ).hosts(of: inventory)
    }

    public func configure(
        _ color: Color, _ inventory: Inventory, report: Report
    ) async throws(Failure) -> ConfigurationResult {
        let expected = Array(Set(inventory.hosts.map(\.name))).sorted()
        try refuseUnlessRunnable(color, expected)
        let folder = try AnsibleFolder(path: stateFolder + "/ansible/\(color)")
        try await endLeftover(folder, report)
        if let cutOff = folder.cutOffEvents { _ = try folder.unfinished.settle(AnsibleEvent.all(in: cutOff)) }
        let secrets = try await prepare(folder, for: inventory)
        defer { Files.remove(folder.variables) }
        try await Permission.ask()
        try folder.begin()
        let play = try await play(folder, expected, secrets, report: report)
        let undone = try folder.unfinished.settle(play.verdict.events)
        folder.end()
        try play.refuseCutShort()
        let result = try play.verdict.result()
        try folder.unfinished.refuse(undone, playbook: playbook)
        return result
    }

    /// Writes servers and variables for a run of the playbook. Whoever calls it removes the variables.
    ///
    /// - Returns: the secrets that the run's files must not keep.
    func prepare(_ folder: AnsibleFolder, for inventory: Inventory) async throws(Failure) -> Secrets {
        let (variables, secrets) = try resolvedVariables()
        try folder.write(
            inventory, addressed: await names.unreached(inventory, configure.hostAddress ?? .whenNeeded),
            project: project.inventoryFolder)
        try await refuseServersOfItsOwn(folder, inventory.hosts.map(\.name))
        try folder.write(variables: variables)
        return secrets
    }

    /// What a run of the playbook left.
    struct Play {
        let verdict: AnsibleVerdict
        private let command: Command
        private let file: OutputFile
        private let place: String

        fileprivate init(_ verdict: AnsibleVerdict, _ command: Command, _ file: OutputFile, at place: String) {
            self.verdict = verdict
            self.command = command
            self.file = file
            self.place = place
        }

        /// Refuses one that was stopped, or whose events are not all there.
        func refuseCutShort() throws(Failure) {
            try verdict.end.refuseStopped(command)
            try file.refuseIfTooLong(at: place)
        }
    }

    /// Runs the playbook in a folder that was prepared.
    ///
    /// - Parameters:
    ///   - expected: the names of the servers, each once.
    ///   - checks: to say what would change, and change nothing.
    func play(
        _ folder: AnsibleFolder, _ expected: [String], _ secrets: Secrets, checks: Bool = false, report: Report
    ) async throws(Failure) -> Play {
        let events = try OutputFile(path: folder.events)
        let output = try OutputFile(path: folder.output)
        let command = try command(folder, servers: expected.count, checks: checks)
        var progress = AnsibleProgress(servers: expected.count)
        let end = try await ChildProcess(command).run(
            output: output, record: folder.record, following: events
        ) { line in
            // Ansible has read them before its first event.
            Files.remove(folder.variables)
            guard let event = AnsibleEvent(line: line), let text = progress.line(for: event) else { return }
            await report(secrets.redact(text))
        }
        try output.redact(secrets)
        try events.redact(secrets)
        let verdict = AnsibleVerdict(
            playbook: playbook, expected: expected, events: events.lines().compactMap { AnsibleEvent(line: $0) },
            end: end, errors: output.lastLines(12))
        return Play(verdict, command, events, at: folder.events)
    }

    public func discardUnfinished(of color: Color) async throws(Failure) {
        let folder = try AnsibleFolder(path: stateFolder + "/ansible/\(color)")
        try await endLeftover(folder) { _ in }
        folder.end()
        folder.unfinished.discard()
    }

    private var project: AnsibleProject { AnsibleProject(configure, in: environmentFolder) }
    private var playbook: String { project.playbook }

    private func tools() throws(Failure) -> AnsibleTools {
        let none = stateFolder + "/ansible/ansible.cfg"
        if project.configuration == nil, !Files.exists(none) {
            try Files.makeFolder(stateFolder + "/ansible")
            try Files.write("# rz reads no settings but those beside the playbook.\n", to: none)
        }
        return AnsibleTools(
            playbookProgram: binary, folder: environmentFolder, configuration: project.configuration ?? none,
            inherited: inherited)
    }

    /// rz's inventory comes last, so that what the provisioner says of a server counts.
    private func sources(_ folder: AnsibleFolder) -> [String] {
        [project.inventorySource, folder.inventory].compactMap { $0 }
    }

    /// Servers that the provisioner does not know belong to no color, or to the other one (invariant I11).
    private func refuseServersOfItsOwn(_ folder: AnsibleFolder, _ servers: [String]) async throws(Failure) {
        guard let source = project.inventorySource else { return }
        let known = try await tools().hostVariables(sources(folder), playbook: playbook).keys
        let own = Set(known).subtracting(servers).sorted()
        guard own.isEmpty else {
            throw Failure(
                "The project's inventory has servers that the provisioner does not report", at: source,
                details: Array(own.prefix(20)),
                advice: "Leave groups of groups and variables in it, take these servers out, commit, then: "
                    + "rz resume --commit HEAD",
                kind: .refused)
        }
    }

    /// Ansible itself calls an empty inventory a success.
    func refuseUnlessRunnable(_ color: Color, _ servers: [String]) throws(Failure) {
        guard !servers.isEmpty else {
            throw Failure(
                "There are no servers of \(color) to configure", at: playbook,
                advice: "Check the provisioner's output `inventory`.")
        }
        guard Files.exists(playbook) else {
            throw Failure(
                "The playbook is not there", at: playbook,
                advice: "Correct `configure.ansible` in environment.yaml, commit, then: rz resume --commit HEAD")
        }
    }

    /// A playbook that an rz left behind when it was killed must not run beside the next one.
    private func endLeftover(_ folder: AnsibleFolder, _ report: Report) async throws(Failure) {
        guard folder.record.running != nil else { return }
        await report("ends the playbook of an interrupted run")
        try await folder.record.waitForLeftover(deadline: .minutes(1), atOnce: true, stopping: stopping)
    }

    private func resolvedVariables() throws(Failure) -> ([String: String], Secrets) {
        var variables: [String: String] = [:]
        var secrets = known()
        for (name, setting) in configure.variables {
            variables[name] = try setting.resolved(by: resolve, secrets: &secrets)
        }
        return (variables, secrets)
    }

    private func command(_ folder: AnsibleFolder, servers: Int, checks: Bool) throws(Failure) -> Command {
        let arguments =
            sources(folder).flatMap { ["-i", $0] } + (checks ? ["--check", "--diff"] : [])
            + ["-e", "@" + folder.variables, configure.playbook]
        var environment = try environment(folder, servers: servers)
        if checks { environment["RZ_DIFF"] = "1" }
        return Command(
            binary, arguments, environment: environment, folder: environmentFolder,
            deadline: .hours(24), stopping: stopping)
    }

    private var stopping: Stopping {
        Stopping(
            signalsGroup: false, afterInterrupt: .seconds(30), afterTerminate: .seconds(10), followsChildren: true)
    }

    private func environment(_ folder: AnsibleFolder, servers: Int) throws(Failure) -> [String: String] {
        var environment = try tools().environment
        environment.merge([
            "RZ_EVENTS": folder.events,
            "ANSIBLE_CALLBACK_PLUGINS": folder.plugins,
            "ANSIBLE_CALLBACKS_ENABLED": AnsibleCallback.name,
            "ANSIBLE_STDOUT_CALLBACK": "default",
            // Not ANSIBLE_HOME: roles and collections are looked for there.
            "ANSIBLE_LOCAL_TEMP": folder.home + "/tmp",
            "ANSIBLE_FORKS": String(min(max(servers, 5), 50)),
            // A play for a group that is not there would be skipped with a warning.
            "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
            // What a task changed before another failed takes effect all the same.
            "ANSIBLE_FORCE_HANDLERS": "1",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_NOCOWS": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            // Targets would otherwise log each module's arguments, secrets too.
            "ANSIBLE_NO_TARGET_SYSLOG": "1",
        ]) { $1 }
        return environment
    }
}
