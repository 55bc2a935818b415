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

/// Configures the new color's servers; a second run must change nothing.
struct ConfigureServers: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        guard let configurator = context.drivers.configurator else { return "nothing to configure" }
        let new = context.direction.new
        let inventory = try await context.inventory(of: new)
        try await RightTarget(context).refuseShared("configured")
        try await context.intend("configure \(inventory.hosts.count) servers of \(new)")
        let first = try await context.fence.actUntilStopped { () async throws(Failure) in
            try await configurator.configure(new, inventory, report: context.report)
        }
        guard context.environment.configure?.idempotenceCheck == true else { return summary(of: first) }
        await context.wait(for: "the second run, which must change nothing")
        let second = try await context.fence.actUntilStopped { () async throws(Failure) in
            try await configurator.configure(new, inventory, report: context.report)
        }
        let restless = second.changed.filter { $0.value > 0 }.keys.sorted()
        guard restless.isEmpty else {
            throw Failure(
                "The second run of the playbook still changed something",
                details: restless.map { "\($0): \(second.changed[$0] ?? 0) changes" },
                advice:
                    "Make these tasks idempotent, or turn `idempotenceCheck` off in environment.yaml; commit, then: "
                    + "rz resume --commit HEAD")
        }
        return summary(of: first) + ", second run changed nothing"
    }

    private func summary(of result: ConfigurationResult) -> String {
        "\(result.changed.count) hosts, \(result.changed.values.reduce(0, +)) changes"
    }
}
