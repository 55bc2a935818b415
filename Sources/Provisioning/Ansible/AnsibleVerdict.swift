import Migration

/// Judges a playbook's run by its events, as the exit code is ambiguous: 4 means unreachable, a syntax error or an
/// unknown module, and 0 also that no host was there at all.
struct AnsibleVerdict {
    let playbook: String
    let expected: [String]
    let events: [AnsibleEvent]
    let end: ProcessEnd
    /// The last lines that Ansible wrote for people.
    let errors: [String]

    func result() throws(Failure) -> ConfigurationResult {
        guard case .stats(let stats)? = events.last(where: { if case .stats = $0 { true } else { false } }) else {
            throw neverRan()
        }
        let unreachable = stats.filter { $0.value.unreachable > 0 }.keys.sorted()
        let failed = stats.filter { $0.value.failures > 0 }.keys.sorted()
        let unseen = expected.filter { stats[$0] == nil }
        guard failed.isEmpty else { throw tasksFailed(failed, unreachable: unreachable) }
        guard unreachable.isEmpty else { throw hostsUnreachable(unreachable) }
        guard unseen.isEmpty else { throw hostsUnseen(unseen) }
        guard end.isSuccess else {
            throw Failure("Ansible failed although no host did: \(end.words)", at: playbook, details: errors)
        }
        let own = stats.filter { expected.contains($0.key) }
        return ConfigurationResult(changed: own.mapValues(\.changed))
    }

    private func neverRan() -> Failure {
        if case .signaled(let signal) = end.status {
            return Failure(
                "Ansible was killed (signal \(signal))", at: playbook, details: errors,
                advice: "A playbook can be run again: rz resume.", kind: .transient)
        }
        return Failure(
            "Ansible could not run the playbook: \(end.words)", at: playbook, details: errors,
            advice: "Try `ansible-playbook --syntax-check \(playbook)`.")
    }

    private func tasksFailed(_ failed: [String], unreachable: [String]) -> Failure {
        var details = events.compactMap { event -> String? in
            guard case .failed(let host, let task, let message) = event, failed.contains(host) else { return nil }
            return "\(host): \(task): \(oneLine(message))"
        }
        details += unreachable.map { "\($0): can't be reached" }
        return Failure(
            "Ansible failed on \(failed.count) of \(expected.count) servers: \(failed.joined(separator: ", "))",
            at: playbook, details: Array(details.prefix(20)),
            advice: "Mend the playbook or the servers, then: rz resume.")
    }

    private func hostsUnreachable(_ hosts: [String]) -> Failure {
        let details = events.compactMap { event -> String? in
            guard case .unreachable(let host, let message) = event else { return nil }
            return "\(host): \(oneLine(message))"
        }
        return Failure(
            "Ansible can't reach \(hosts.count) of \(expected.count) servers: \(hosts.joined(separator: ", "))",
            at: playbook, details: Array(details.prefix(20)),
            advice: "Check that they are up and that rz's host may log in, then: rz resume.", kind: .transient)
    }

    private func hostsUnseen(_ hosts: [String]) -> Failure {
        Failure(
            "The playbook left out \(hosts.count) of \(expected.count) servers: \(hosts.joined(separator: ", "))",
            at: playbook, details: ["no play of it applies to them"],
            advice: "Check `hosts:` of its plays against the groups of the provisioner's output `inventory`.")
    }

    private func oneLine(_ text: String) -> String {
        String(text.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(500))
    }
}
