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
        let failed = stats.filter { $0.value.failures > 0 }.keys.sorted()
        guard failed.isEmpty else { throw tasksFailed(failed, unreachable: unreachable(stats)) }
        guard unreachable(stats).isEmpty else { throw hostsUnreachable(unreachable(stats)) }
        guard !served.isEmpty else { throw nothingRan() }
        let unserved = expected.filter { !served.contains($0) }
        guard unserved.isEmpty else { throw hostsUnserved(unserved) }
        guard end.isSuccess else {
            throw Failure("Ansible failed although no host did: \(end.words)", at: playbook, details: errors)
        }
        // A server that met only `run_once` tasks of another may be missing in the statistics.
        let changed = expected.map { ($0, stats[$0]?.changed ?? 0) }
        let details = events.compactMap { event -> (host: String, detail: AnsibleEvent.Detail)? in
            guard case .done(let host, _, _, _, let detail?) = event else { return nil }
            return (host, detail)
        }
        return ConfigurationResult(
            changed: Dictionary(changed, uniquingKeysWith: { first, _ in first }),
            changes: details.filter(\.detail.hasChanged).map {
                ConfigurationChange(host: $0.host, task: $0.detail.task, notifies: $0.detail.notifies)
            }, tasks: Set(details.map(\.detail.task)))
    }

    /// The statistics leave out those that a task with `ignore_unreachable` did not reach; the events do not.
    private func unreachable(_ stats: [String: AnsibleEvent.Stats]) -> [String] {
        let reported = events.compactMap { if case .unreachable(let host, _) = $0 { host } else { nil } }
        return Set(reported).union(stats.filter { $0.value.unreachable > 0 }.keys).sorted()
    }

    /// The hosts on which a task of the playbook ran, or was skipped by its own condition.
    private var served: Set<String> {
        Set(
            events.compactMap { event in
                switch event {
                case .done(let host, _, _, let isImplicit, _): isImplicit ? nil : host
                case .failed(let host, _, _): host
                default: nil
                }
            })
    }

    /// The names of the plays that apply to a host.
    private func plays(of host: String) -> [String] {
        events.compactMap { event in
            guard case .play(let name, let hosts) = event, hosts.contains(host) else { return nil }
            return name
        }
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
            advice: "Fix the servers, then: rz resume. Or fix the playbook, commit, then: rz resume --commit HEAD")
    }

    private func hostsUnreachable(_ hosts: [String]) -> Failure {
        let details = events.compactMap { event -> String? in
            guard case .unreachable(let host, let message) = event else { return nil }
            return "\(host): \(oneLine(message))"
        }
        return Failure(
            "Ansible can't reach \(hosts.count) of \(expected.count) servers: \(hosts.joined(separator: ", "))",
            at: playbook, details: Array(details.prefix(20)),
            advice: "Check that they are up, that rz's host may log in, and how their names resolve there "
                + "(`hostAddress` under configure.ansible), then: rz resume.", kind: .transient)
    }

    private func hostsUnserved(_ hosts: [String]) -> Failure {
        let details = hosts.map { host in
            let plays = plays(of: host)
            return plays.isEmpty
                ? "\(host): no play of it applies to this server"
                : "\(host): \(plays.joined(separator: ", ")): no task of it ran there (tags, run_once, meta)"
        }
        return Failure(
            "The playbook left out \(hosts.count) of \(expected.count) servers: \(hosts.joined(separator: ", "))",
            at: playbook, details: Array(details.prefix(20)),
            advice: "Check `hosts:` of its plays against the groups of the provisioner's output `inventory`.")
    }

    private func nothingRan() -> Failure {
        let plays = events.compactMap { event -> String? in
            guard case .play(let name, let hosts) = event else { return nil }
            return "\(name): applies to \(hosts.count) servers, and none of its tasks ran"
        }
        return Failure(
            "No task of the playbook ran", at: playbook, details: plays.isEmpty ? ["it has no play"] : plays,
            advice:
                "Look for tags that leave all tasks out (`[tags]` in ansible.cfg), and for plays without tasks. Where "
                + "there is nothing to configure, leave `configure` out of environment.yaml. Commit that, then: "
                + "rz resume --commit HEAD")
    }

    private func oneLine(_ text: String) -> String {
        Failure.shortened(text.split(whereSeparator: \.isNewline).joined(separator: " "), to: 500)
    }
}
