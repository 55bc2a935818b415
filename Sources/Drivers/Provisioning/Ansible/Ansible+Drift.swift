import Migration

extension Ansible {
    /// Runs the playbook with `--check --diff`: what a task would change is drift, unless it is declared to change
    /// something each time.
    ///
    /// A task that can't run in check mode is not compared, and neither are those after it on that server.
    ///
    /// Source: Ansible, "Validating tasks: check mode and diff mode",
    /// https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_checkmode.html
    public func observeDrift(
        _ color: Color, _ inventory: Inventory, report: Report
    ) async throws(Failure) -> DriftLook {
        let expected = Array(Set(inventory.hosts.map(\.name))).sorted()
        try refuseUnlessRunnable(color, expected)
        // Several may look at once, and a run may be under way: each look has a folder of its own.
        Files.removeDrafts(of: "check", in: stateFolder + "/ansible")
        let path = Files.draft(of: stateFolder + "/ansible/check")
        let folder = try AnsibleFolder(path: path)
        defer { Files.removeFolder(path) }
        let (variables, secrets) = try resolvedVariables()
        try folder.write(
            inventory, addressed: await names.unreached(inventory, configure.hostAddress ?? .whenNeeded),
            project: project.inventoryFolder)
        try await refuseServersOfItsOwn(folder, expected)
        try folder.write(variables: variables)
        let (events, output) = (try OutputFile(path: folder.events), try OutputFile(path: folder.output))
        let command = try command(folder, servers: expected.count, checks: true)
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
        try end.refuseStopped(command)
        try events.refuseIfTooLong(at: folder.events)
        let all = events.lines().compactMap { AnsibleEvent(line: $0) }
        let failures = all.compactMap(\.failure)
        if failures.isEmpty {
            // Whether every server was met, and reached.
            _ = try AnsibleVerdict(
                playbook: playbook, expected: expected, events: all, end: end, errors: output.lastLines(12)
            ).result()
        }
        return DriftLook(
            all.compactMap { $0.drift(besides: configure.exceptions ?? []) },
            unchecked: failures.map { "\($0); what comes after it on that server was not compared" })
    }
}

extension AnsibleEvent {
    fileprivate func drift(besides exceptions: [IdempotenceException]) -> Drift? {
        guard case .done(let host, _, _, _, let detail?) = self, detail.hasChanged, !detail.task.isHandler,
            !exceptions.contains(where: { $0.subject.means(detail.task) })
        else { return nil }
        return Drift(.configuration, "\(host): \(detail.task.name)", "would be changed", diff: detail.diff)
    }

    fileprivate var failure: String? {
        switch self {
        case .failed(let host, let task, let message):
            "\(host): \(task): \(message.split(separator: "\n").first ?? "failed")"
        case .unreachable(let host, let message):
            "\(host) can't be reached: \(message.split(separator: "\n").first ?? "")"
        default: nil
        }
    }
}
