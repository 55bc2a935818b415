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
        let play = try await play(folder, expected, prepare(folder, for: inventory), checks: true, report: report)
        try play.refuseCutShort()
        let failures = play.verdict.events.compactMap(\.failure)
        // Whether every server was met, and reached.
        if failures.isEmpty { _ = try play.verdict.result() }
        return DriftLook(
            play.verdict.events.compactMap { $0.drift(besides: configure.exceptions ?? []) },
            unchecked: failures.map { "\($0); what comes after it on that server was not compared" })
    }
}

extension AnsibleEvent {
    fileprivate func drift(besides exceptions: [IdempotenceException]) -> Drift? {
        guard case .done(let host, _, _, _, let detail?) = self, detail.hasChanged, !detail.task.isHandler,
            !exceptions.contains(where: { $0.subject.means(detail.task) })
        else { return nil }
        return Drift(
            .configuration, "\(host): \(detail.task.name)", "would be changed", diff: detail.diff, remedy: .configure)
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
