import Migration

/// Builds the data disks, which belong to neither color and which nothing destroys.
struct BuildDisks: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.intend("build the data disks")
        try await context.fence.actUntilStopped { () async throws(Failure) in
            try await context.drivers.provisioner.buildDisks(report: context.report)
        }
        return "disks are there"
    }
}

/// Builds the new color's servers.
struct BuildServers: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let new = context.direction.new
        let provisioner = context.drivers.provisioner
        let standing = try await provisioner.observeServers(new)
        if !standing.isEmpty, try await provisioner.observeChanges(new).isEmpty {
            return "\(standing.hosts.count) servers stand already"
        }
        try await context.intend("build the servers of \(new)")
        if standing.isEmpty { try await context.drivers.configurator?.discardUnfinished(of: new) }
        let built = try await RightTarget(context).act(on: new, "built") { () async throws(Failure) in
            try await provisioner.build(new, report: context.report)
        }
        guard !built.isEmpty, try await provisioner.observeServers(new) == built else {
            throw Failure(
                "The provisioner built \(new) but reports no servers", advice: "Check its output `inventory`.")
        }
        return "\(built.hosts.count) servers"
    }

    func undo(_ context: StepContext) async throws(Failure) -> String {
        let new = context.direction.new
        if context.drivers.provisioner.hasFixedServers { return "the servers of \(new) are a fixed list, and stay" }
        try await context.refuseToTakeDownWhatServes()
        try await RightTarget(context).act(on: new, "destroyed") { () async throws(Failure) in
            try await context.drivers.provisioner.destroy(new, report: context.report)
        }
        return "servers of \(new) destroyed"
    }
}

/// Destroys the old color's servers. The disks stay.
struct DestroyServers: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let old = context.direction.old
        if context.drivers.provisioner.hasFixedServers { return "the servers of \(old) are a fixed list, and stay" }
        let count = try await context.inventory(of: old).hosts.count
        if count == 0 { return "no servers are left" }
        try await context.knowServers(again: true)
        try await RightTarget(context).refuseUnplannedDestruction()
        // Last, as planning the destruction may take minutes.
        try await Quiet(context).demand()
        try await context.engine.traffic.demandAllCarried()
        try await context.intend("destroy the servers of \(old)")
        try await RightTarget(context).act(on: old, "destroyed") { () async throws(Failure) in
            try await context.drivers.provisioner.destroy(old, report: context.report)
        }
        guard try await context.inventory(of: old).isEmpty else {
            throw Failure("The provisioner destroyed \(old) but still reports servers", kind: .transient)
        }
        return "\(count) servers destroyed"
    }
}

/// Configures the new color's servers; a second run must change nothing but what is declared.
struct ConfigureServers: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        guard let configurator = context.drivers.configurator else { return "nothing to configure" }
        let new = context.direction.new
        let inventory = try await context.inventory(of: new)
        try await RightTarget(context).refuseShared("configured")
        try await RightTarget(context).refuseReaching(inventory, by: configurator)
        try await context.intend("configure \(inventory.hosts.count) servers of \(new)")
        let first = try await context.fence.actUntilStopped { () async throws(Failure) in
            try await configurator.configure(new, inventory, report: context.report)
        }
        guard let rule = context.environment.configure, rule.idempotenceCheck else { return summary(of: first) }
        let exceptions = rule.exceptions ?? []
        await context.wait(
            for: "the second run, which must change nothing" + (exceptions.isEmpty ? "" : " but what is declared"))
        let second = try await context.fence.actUntilStopped { () async throws(Failure) in
            try await configurator.configure(new, inventory, report: context.report)
        }
        let verdict = IdempotenceVerdict(second, exceptions: exceptions)
        guard verdict.undeclared.isEmpty else { throw restless(verdict.undeclared) }
        for note in verdict.notes { try await context.record(.noted(text: note)) }
        return summary(of: first) + ", " + verdict.summary
    }

    private func restless(_ changes: [String]) -> Failure {
        let shown = changes.prefix(20) + (changes.count > 20 ? ["and \(changes.count - 20) more"] : [])
        return Failure(
            "The second run of the playbook still changed something", details: Array(shown),
            advice: "Make these tasks idempotent, or declare each with its reason in environment.yaml, "
                + "`idempotenceCheck: { except: [ { task: \"…\", reason: \"…\" } ] }`; commit, then: "
                + "rz resume --commit HEAD")
    }

    private func summary(of result: ConfigurationResult) -> String {
        "\(result.changed.count) hosts, \(result.changed.values.reduce(0, +)) changes"
    }
}
