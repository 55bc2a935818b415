import Migration

/// Configures servers with a playbook.
///
/// Measured behaviour behind the choices: docs/provisioning.md.
public struct Ansible: Configurator {
    private let binary: String
    private let configure: Configure
    private let environmentFolder: String
    private let stateFolder: String
    private let inherited: [String: String]
    private let resolve: Resolver

    /// - Parameters:
    ///   - binary: path or name of `ansible-playbook`.
    ///   - environmentFolder: the environment's folder in a pinned copy; nothing is written into it.
    ///   - stateFolder: rz's folder for this environment; events and logs are kept in `ansible/` below it.
    public init(
        binary: String, configure: Configure, environmentFolder: String, stateFolder: String,
        inherited: [String: String] = InheritedEnvironment.variables, resolve: @escaping Resolver
    ) {
        self.binary = binary
        self.configure = configure
        self.environmentFolder = environmentFolder
        self.stateFolder = stateFolder
        self.inherited = inherited
        self.resolve = resolve
    }

    public func observeVersion() async throws(Failure) -> String {
        let output = try OutputFile()
        let errors = try OutputFile()
        var environment = InheritedEnvironment.forTools(inherited)
        environment["LC_ALL"] = "C.UTF-8"
        let command = Command(
            binary, ["--version"], environment: environment, folder: environmentFolder, deadline: .minutes(1))
        let end = try await ChildProcess(command).run(output: output, errors: errors)
        try end.refuseStopped(command)
        // `ansible-playbook [core 2.19.14]`
        let line = output.text().split(whereSeparator: \.isNewline).first ?? ""
        guard end.isSuccess, let version = line.split(separator: "[core ").last?.prefix(while: { $0 != "]" }) else {
            throw Failure("\(binary) does not report its version", details: output.lastLines() + errors.lastLines())
        }
        return "Ansible \(version)"
    }

    public func configure(
        _ color: Color, _ inventory: Inventory, report: Report
    ) async throws(Failure) -> ConfigurationResult {
        let expected = Array(Set(inventory.hosts.map(\.name))).sorted()
        try refuseUnlessRunnable(color, expected)
        let folder = try AnsibleFolder(path: stateFolder + "/ansible/\(color)")
        try await endLeftover(folder, report)
        if let cutOff = folder.cutOffEvents { _ = try folder.unfinished.settle(AnsibleEvent.all(in: cutOff)) }
        let (variables, secrets) = try resolvedVariables()
        try folder.write(inventory)
        try folder.write(variables: variables)
        defer { Files.remove(folder.variables) }

        let events = try OutputFile(path: folder.events)
        let output = try OutputFile(path: folder.output)
        let command = command(folder, servers: expected.count)
        var progress = AnsibleProgress(servers: expected.count)
        try await Permission.ask()
        try folder.begin()
        let end = try await ChildProcess(command).run(
            output: output, record: folder.record, following: events
        ) { line in
            guard let event = AnsibleEvent(line: line), let text = progress.line(for: event) else { return }
            await report(secrets.redact(text))
        }
        try output.redact(secrets)
        try events.redact(secrets)
        let all = events.lines().compactMap { AnsibleEvent(line: $0) }
        let undone = try folder.unfinished.settle(all)
        folder.end()
        try end.refuseStopped(command)
        try events.refuseIfTooLong(at: folder.events)
        let result = try AnsibleVerdict(
            playbook: playbook, expected: expected, events: all, end: end, errors: output.lastLines(12)
        ).result()
        try folder.unfinished.refuse(undone, playbook: playbook)
        return result
    }

    public func discardUnfinished(of color: Color) async throws(Failure) {
        let folder = try AnsibleFolder(path: stateFolder + "/ansible/\(color)")
        try await endLeftover(folder) { _ in }
        folder.end()
        folder.unfinished.discard()
    }

    private var playbook: String { environmentFolder + "/" + configure.playbook }

    /// Ansible itself calls an empty inventory a success.
    private func refuseUnlessRunnable(_ color: Color, _ servers: [String]) throws(Failure) {
        guard !servers.isEmpty else {
            throw Failure(
                "There are no servers of \(color) to configure", at: playbook,
                advice: "Check the provisioner's output `inventory`.")
        }
        guard Files.exists(playbook) else {
            throw Failure(
                "The playbook is not there", at: playbook, advice: "Correct `configure.ansible` in environment.yaml.")
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
        var secrets = Secrets()
        for (name, setting) in configure.variables {
            variables[name] = try setting.resolved(by: resolve, secrets: &secrets)
        }
        return (variables, secrets)
    }

    private func command(_ folder: AnsibleFolder, servers: Int) -> Command {
        let arguments = ["-i", folder.inventory, "-e", "@" + folder.variables, configure.playbook]
        return Command(
            binary, arguments, environment: environment(folder, servers: servers), folder: environmentFolder,
            deadline: .hours(24), stopping: stopping)
    }

    private var stopping: Stopping {
        Stopping(
            signalsGroup: false, afterInterrupt: .seconds(30), afterTerminate: .seconds(10), followsChildren: true)
    }

    private func environment(_ folder: AnsibleFolder, servers: Int) -> [String: String] {
        var environment = InheritedEnvironment.forTools(inherited)
        environment.merge([
            "RZ_EVENTS": folder.events,
            "ANSIBLE_CALLBACK_PLUGINS": folder.plugins,
            "ANSIBLE_CALLBACKS_ENABLED": AnsibleCallback.name,
            "ANSIBLE_STDOUT_CALLBACK": "default",
            // Not ANSIBLE_HOME: roles and collections are looked for there.
            "ANSIBLE_LOCAL_TEMP": folder.home + "/tmp",
            "ANSIBLE_CONFIG": configuration ?? folder.configuration,
            "ANSIBLE_FORKS": String(min(max(servers, 5), 50)),
            // A play for a group that is not there would be skipped with a warning.
            "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
            // What a task changed before another failed takes effect all the same.
            "ANSIBLE_FORCE_HANDLERS": "1",
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_NOCOWS": "1",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            // Targets would otherwise log each module's arguments, secrets too.
            "ANSIBLE_NO_TARGET_SYSLOG": "1",
            // Ansible refuses to start in a locale that is not UTF-8.
            "LC_ALL": "C.UTF-8",
            // The pinned copy stays as it is.
            "PYTHONDONTWRITEBYTECODE": "1",
        ]) { $1 }
        return environment
    }

    /// The repository's own settings: beside the playbook, or in the environment's folder.
    private var configuration: String? {
        let folder = playbook.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        return [folder, environmentFolder].map { $0 + "/ansible.cfg" }.first(where: Files.exists)
    }
}
