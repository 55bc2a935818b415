import Migration

/// Servers and data disks by Terraform, or OpenTofu.
///
/// Each color has its own local state, data directory and variables; the disks have a third. What is applied is
/// always a saved plan. Measured behaviour behind the choices: docs/provisioning.md.
public struct Terraform: Provisioner {
    private let binary: String
    private let root: TerraformRoot
    private let environmentFolder: String
    private let stateFolder: String
    private let inherited: [String: String]
    private let resolve: Resolver

    /// - Parameters:
    ///   - binary: path or name of `terraform` or `tofu`.
    ///   - environmentFolder: the environment's folder in a pinned copy; nothing is written into it.
    ///   - stateFolder: rz's folder for this environment; states are kept in `terraform/` below it.
    ///   - extraEnvironment: added to the inherited environment variables of every Terraform.
    public init(
        binary: String, root: TerraformRoot, environmentFolder: String, stateFolder: String,
        inherited: [String: String] = InheritedEnvironment.variables, extraEnvironment: [String: String] = [:],
        resolve: @escaping Resolver
    ) {
        self.binary = binary
        self.root = root
        self.environmentFolder = environmentFolder
        self.stateFolder = stateFolder
        self.inherited = inherited.merging(extraEnvironment) { $1 }
        self.resolve = resolve
    }

    public func observeVersion() async throws(Failure) -> String {
        let output = try OutputFile()
        let environment = inherited.filter { $0.key != "TF_CLI_CONFIG_FILE" }
            .merging(["CHECKPOINT_DISABLE": "1"]) { $1 }
        let command = Command(
            binary, ["version"], environment: environment, folder: environmentFolder, deadline: .minutes(1))
        let end = try await ChildProcess(command).run(output: output)
        try end.refuseStopped(command)
        // `Terraform v1.11.4`, `OpenTofu v1.9.0`
        let words = output.text().split(whereSeparator: \.isNewline).first?.split(separator: " v") ?? []
        guard end.isSuccess, words.count == 2 else {
            throw Failure("\(binary) does not tell its version", details: output.lastLines())
        }
        return "\(words[0]) \(words[1])"
    }

    /// Looks without a trace: where no state is yet, Terraform is not even started.
    public func observeServers(_ color: Color) async throws(Failure) -> Inventory {
        let runner = try runner(.color(color))
        guard Files.exists(runner.folder.state) else { return Inventory() }
        if let inventory = try await outputs(runner) { return inventory }
        return try await unfinishedServers(runner)
    }

    public func observeChanges(_ color: Color) async throws(Failure) -> ProvisioningChanges {
        let runner = try runner(.color(color))
        try await runner.initialise()
        let inDoubt = runner.folder.ledger.inDoubt
        let answer = try await runner.plan(["-lock=false"] + replacing(inDoubt))
        try refuse(answer, runner)
        return ProvisioningChanges(answer.events, inDoubt: inDoubt, differs: answer.end.status == .exited(2))
    }

    public func build(_ color: Color, report: Report) async throws(Failure) -> Inventory {
        let runner = try runner(.color(color))
        try await apply(runner, report: report)
        guard let inventory = try await outputs(runner) else {
            throw Failure(
                "The root module has no output `inventory`", at: runner.folder.module, advice: TerraformOutputs.shape)
        }
        return inventory
    }

    public func buildDisks(report: Report) async throws(Failure) {
        guard root.disks != nil else { return await report("no data disks in this environment") }
        try await apply(try runner(.disks), report: report)
    }

    public func destroy(_ color: Color, report: Report) async throws(Failure) {
        let runner = try runner(.color(color))
        guard Files.exists(runner.folder.state) else { return await report("\(color) has no servers") }
        try await settleLeftover(runner, report)
        try await runner.initialise()
        let plan = try await save(runner, ["-destroy"])
        guard plan.end.status == .exited(2) else { return await report("\(color) has no servers") }
        try await perform(plan, runner, report: report)
    }

    // MARK: - Plan, then apply that plan

    private func apply(_ runner: TerraformRunner, report: Report) async throws(Failure) {
        try await settleLeftover(runner, report)
        try await runner.initialise()
        let inDoubt = runner.folder.ledger.inDoubt
        // A disk is never replaced: it may hold data.
        let replaced = runner.scope == .disks ? [] : inDoubt
        if !replaced.isEmpty { await report("builds anew what an interrupted run began: \(replaced.count)") }
        let plan = try await save(runner, replacing(replaced))
        if runner.scope == .disks {
            try TerraformDiskGuard(runner.folder).refuse(
                ProvisioningChanges(plan.events, inDoubt: inDoubt, differs: plan.end.status == .exited(2)))
        }
        guard plan.end.status == .exited(2) else {
            if !inDoubt.isEmpty { try runner.folder.ledger.settle() }
            return await report("\(runner.scope.subject): nothing to change")
        }
        try await perform(plan, runner, report: report)
    }

    /// Saves a plan. The exit code tells: 0 nothing to do, 2 changes.
    func save(_ runner: TerraformRunner, _ options: [String]) async throws(Failure) -> TerraformRunner.Answer {
        let answer = try await runner.plan(["-out=\(runner.folder.plan)"] + options)
        if answer.end.status != .exited(2) { Files.remove(runner.folder.plan) }
        try refuse(answer, runner)
        return answer
    }

    func perform(
        _ plan: TerraformRunner.Answer, _ runner: TerraformRunner, report: Report
    ) async throws(Failure) {
        var progress = TerraformProgress(plan: plan.events, noun: runner.scope.noun)
        // A saved plan holds every variable, secrets too.
        defer { Files.remove(runner.folder.plan) }
        let answer = try await runner.apply(runner.folder.plan) { event in
            if let line = progress.line(for: event) { await report(line) }
        }
        if answer.end.reason == .cancelled { throw .cancelled }
        guard answer.end.isSuccess else { throw runner.failure("worked on", answer) }
    }

    /// A Terraform that an rz left behind when it was killed is allowed to finish.
    private func settleLeftover(_ runner: TerraformRunner, _ report: Report) async throws(Failure) {
        guard runner.folder.record.running != nil else { return runner.folder.record.remove() }
        await report("waits for the Terraform of an interrupted run")
        try await runner.folder.record.waitForLeftover(
            deadline: .hours(24), atOnce: false, stopping: TerraformRunner.stopping)
    }

    private func refuse(_ plan: TerraformRunner.Answer, _ runner: TerraformRunner) throws(Failure) {
        if plan.end.reason == .cancelled { throw .cancelled }
        let isPlan = plan.end.status == .exited(0) || plan.end.status == .exited(2)
        guard plan.end.reason == .itself, isPlan else { throw runner.failure("planned", plan) }
    }

    private func replacing(_ addresses: [String]) -> [String] { addresses.map { "-replace=\($0)" } }

    // MARK: - What Terraform tells

    private func outputs(_ runner: TerraformRunner) async throws(Failure) -> Inventory? {
        var (output, end) = try await runner.collect(["output", "-json", "-no-color"])
        if !end.isSuccess {
            // The data directory is lost, or was made for another copy of the module.
            try await runner.initialise()
            (output, end) = try await runner.collect(["output", "-json", "-no-color"])
        }
        guard end.isSuccess else {
            throw Failure(
                "Terraform can't read the state of \(runner.scope.subject)", at: runner.folder.state,
                details: output.lastLines().map(runner.secrets.redact))
        }
        return try TerraformOutputs.inventory(
            output.wholeText(at: runner.folder.module), at: runner.folder.module)
    }

    /// Resources without outputs: a first apply that failed. Not "no servers", or nobody would destroy them.
    private func unfinishedServers(_ runner: TerraformRunner) async throws(Failure) -> Inventory {
        let (output, end) = try await runner.collect(["state", "list"])
        guard end.isSuccess else { return Inventory() }
        let addresses = try output.wholeText(at: runner.folder.module).split(whereSeparator: \.isNewline).map(
            String.init
        )
        .filter { !$0.hasPrefix("data.") && !$0.contains(".data.") }
        guard !addresses.isEmpty else { return Inventory() }
        return Inventory(groups: ["unfinished": addresses.map { Host(name: $0, address: "") }])
    }

    // MARK: - Where

    func runner(_ scope: TerraformScope) throws(Failure) -> TerraformRunner {
        var secrets = Secrets()
        var variables: [String: String] = [:]
        var settings = root.variables
        let module: String
        switch scope {
        case .color(let color):
            settings.merge(root.colors[color] ?? [:]) { $1 }
            variables["color"] = color.rawValue
            module = root.root
        case .disks:
            module = root.disks ?? root.root
        }
        for (name, setting) in settings {
            variables[name] = try setting.resolved(by: resolve, secrets: &secrets)
        }
        try TerraformDiskGuard.refuseSharedModule(root, at: environmentFolder)
        let folder = TerraformFolder(
            module: environmentFolder + "/" + module, path: stateFolder + "/terraform/" + scope.name)
        return TerraformRunner(
            binary: binary, scope: scope, folder: folder, variables: variables, inherited: inherited, secrets: secrets)
    }
}
