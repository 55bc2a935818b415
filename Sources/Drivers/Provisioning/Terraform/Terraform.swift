import JSON
import Migration

/// Servers and data disks by Terraform, or OpenTofu.
///
/// Each color has its own state, data directory and variables; the disks have a third. States are in rz's own folder
/// or in a backend (`TerraformStore`). What is applied is always a saved plan. Measured behaviour behind the choices: docs/provisioning.md.
public struct Terraform: Provisioner {
    private let binary: String
    private let root: TerraformRoot
    private let environmentFolder: String
    private let stateFolder: String
    private let inherited: InheritedEnvironment
    private let resolve: Resolver
    private let known: KnownSecrets

    /// - Parameters:
    ///   - binary: path or name of `terraform` or `tofu`.
    ///   - environmentFolder: the environment's folder in a pinned copy; nothing is written into it.
    ///   - stateFolder: rz's folder for this environment; states are kept in `terraform/` below it.
    public init(
        binary: String, root: TerraformRoot, environmentFolder: String, stateFolder: String,
        inherited: InheritedEnvironment = InheritedEnvironment(), resolve: @escaping Resolver,
        secrets: @escaping KnownSecrets = { Secrets() }
    ) {
        self.binary = binary
        self.root = root
        self.environmentFolder = environmentFolder
        self.stateFolder = stateFolder
        self.inherited = inherited
        self.resolve = resolve
        known = secrets
    }

    public func observeVersion() async throws(Failure) -> String {
        let output = try OutputFile()
        let errors = try OutputFile()
        let command = Command(
            binary, ["version"], environment: TerraformRunner.environment(from: inherited), folder: environmentFolder,
            deadline: .minutes(1))
        let end = try await ChildProcess(command).run(output: output, errors: errors)
        try end.refuseStopped(command)
        // `Terraform v1.11.4`, `OpenTofu v1.9.0`
        let words = output.text().split(whereSeparator: \.isNewline).first?.split(separator: " v") ?? []
        guard end.isSuccess, words.count == 2 else {
            throw Failure("\(binary) does not report its version", details: output.lastLines() + errors.lastLines())
        }
        return "\(words[0]) \(words[1])"
    }

    /// Looks without a trace: where no state is yet, Terraform is not even started.
    public func observeServers(_ color: Color) async throws(Failure) -> Inventory {
        guard let contents = try await TerraformStore(try runner(.color(color))).contents() else { return Inventory() }
        if let inventory = contents.inventory { return inventory }
        // Resources without outputs: a first apply that failed. Not "no servers", or no one would destroy them.
        guard !contents.addresses.isEmpty else { return Inventory() }
        return Inventory(groups: ["unfinished": contents.addresses.map { Host(name: $0, address: "") }])
    }

    public func observeChanges(_ color: Color) async throws(Failure) -> ProvisioningChanges {
        let runner = try runner(.color(color))
        let inDoubt = runner.folder.ledger.inDoubt
        let servers = try await TerraformStore(runner).contents()?.inventory ?? Inventory()
        return try await look(runner, replacing(inDoubt)) { answer, plan in
            ProvisioningChanges(
                answer.events, inDoubt: inDoubt, differs: answer.end.status == .exited(2)
            ).naming(plan.servers(servers))
        }
    }

    /// The plan that an apply would perform.
    func observePlan(of color: Color) async throws(Failure) -> TerraformPlan {
        try await look(try runner(.color(color)), []) { _, plan in plan }
    }

    public func observeDestruction(of color: Color) async throws(Failure) -> [String] {
        let runner = try runner(.color(color))
        guard try await TerraformStore(runner).isThere else { return [] }
        return try await look(runner, ["-destroy"]) { _, plan in
            plan.resources.filter(\.isDestroyed).map(\.address).sorted()
        }
    }

    public func build(
        _ color: Color, permit: ProvisioningPermit?, report: Report
    ) async throws(Failure) -> Inventory {
        let runner = try runner(.color(color))
        try await apply(runner, permit: permit, report: report)
        guard let inventory = try await TerraformStore(runner).contents()?.inventory else {
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
        guard try await TerraformStore(runner).isThere else { return await report("\(color) has no servers") }
        try await settleLeftover(runner, report)
        try await runner.initialise()
        let plan = try await save(runner, ["-destroy"]).answer
        defer { Files.remove(runner.folder.plan) }
        if plan.end.status == .exited(2) {
            try await perform(plan, runner, report: report)
        } else {
            await report("\(color) has no servers")
        }
        TerraformStore(runner).forget()
    }

    // MARK: - Plan, then apply that plan

    private func apply(
        _ runner: TerraformRunner, permit: ProvisioningPermit? = nil, report: Report
    ) async throws(Failure) {
        try await settleLeftover(runner, report)
        try await runner.initialise()
        let inDoubt = runner.folder.ledger.inDoubt
        // A disk is never replaced: it may hold data.
        let replaced = runner.scope == .disks ? [] : inDoubt
        if !replaced.isEmpty { await report("builds again what an interrupted run began: \(replaced.count)") }
        let (plan, content) = try await save(runner, replacing(replaced))
        defer { Files.remove(runner.folder.plan) }
        let changes = ProvisioningChanges(plan.events, inDoubt: inDoubt, differs: plan.end.status == .exited(2))
        if runner.scope == .disks { try TerraformDiskGuard(runner).refuse(changes) }
        if let permit {
            let servers = try await TerraformStore(runner).contents()?.inventory ?? Inventory()
            try await permit(changes.naming(content.servers(servers)))
        }
        guard plan.end.status == .exited(2) else {
            if !inDoubt.isEmpty { try runner.folder.ledger.settle() }
            return await report("\(runner.scope.subject): nothing to change")
        }
        try await perform(plan, runner, report: report)
    }

    /// Saves a plan that was proved to be for what is meant. The exit code says: 0 nothing to do, 2 changes.
    func save(
        _ runner: TerraformRunner, _ options: [String]
    ) async throws(Failure) -> (answer: TerraformRunner.Answer, plan: TerraformPlan) {
        do throws(Failure) {
            return try await proved(runner, options)
        } catch {
            Files.remove(runner.folder.plan)
            throw error
        }
    }

    /// Plans beside everyone else who looks, and beside an apply; nothing is left of the plan.
    private func look<Result>(
        _ runner: TerraformRunner, _ options: [String],
        _ read: (TerraformRunner.Answer, TerraformPlan) -> Result
    ) async throws(Failure) -> Result {
        let runner = runner.looking
        try Files.makeFolder(runner.folder.work)
        return try await FileLock.hold(runner.folder.lock) { () async throws(Failure) in
            defer { Files.remove(runner.folder.plan) }
            try await runner.initialise()
            let (answer, plan) = try await proved(runner, ["-lock=false"] + options)
            return read(answer, plan)
        }
    }

    private func proved(
        _ runner: TerraformRunner, _ options: [String]
    ) async throws(Failure) -> (answer: TerraformRunner.Answer, plan: TerraformPlan) {
        let answer = try await runner.plan(options)
        try await refuse(answer, runner)
        let plan = try await runner.show()
        try TerraformTarget(
            scope: runner.scope, module: runner.folder.module, variables: runner.variables,
            other: try await property(besides: runner.scope)
        ).refuse(plan)
        return (answer, plan)
    }

    /// What belongs to the other color.
    private func property(besides scope: TerraformScope) async throws(Failure) -> TerraformProperty? {
        guard let other = scope.color?.other else { return nil }
        let contents = try await TerraformStore(try runner(.color(other))).contents()
        return TerraformProperty(of: other, servers: contents?.inventory ?? Inventory(), state: contents?.text)
    }

    func perform(
        _ plan: TerraformRunner.Answer, _ runner: TerraformRunner, report: Report
    ) async throws(Failure) {
        try TerraformStore(runner).record()
        var progress = TerraformProgress(plan: plan.events, noun: runner.scope.noun)
        let answer = try await runner.apply(runner.folder.plan) { event in
            if let line = progress.line(for: event) { await report(line) }
        }
        if answer.end.reason == .cancelled { throw .cancelled }
        guard answer.end.isSuccess else { throw await runner.failure("worked on", answer) }
    }

    /// A Terraform that an rz left behind when it was killed is allowed to finish.
    private func settleLeftover(_ runner: TerraformRunner, _ report: Report) async throws(Failure) {
        guard runner.folder.record.running != nil else { return runner.folder.record.remove() }
        await report("waits for the Terraform of an interrupted run")
        try await runner.folder.record.waitForLeftover(
            deadline: .hours(24), atOnce: false, stopping: TerraformRunner.stopping)
    }

    private func refuse(_ plan: TerraformRunner.Answer, _ runner: TerraformRunner) async throws(Failure) {
        if plan.end.reason == .cancelled { throw .cancelled }
        let isPlan = plan.end.status == .exited(0) || plan.end.status == .exited(2)
        guard plan.end.reason == .itself, isPlan else { throw await runner.failure("planned", plan) }
    }

    private func replacing(_ addresses: [String]) -> [String] { addresses.map { "-replace=\($0)" } }

    // MARK: - Where

    func runner(_ scope: TerraformScope) throws(Failure) -> TerraformRunner {
        var secrets = known()
        var variables: [TerraformVariable] = []
        var settings = root.variables
        let module: String
        switch scope {
        case .color(let color):
            settings.merge(root.colors[color] ?? [:]) { $1 }
            settings["color"] = Setting(color.rawValue)
            module = root.root
        case .disks:
            module = root.disks ?? root.root
        }
        for (name, setting) in settings.sorted(by: { $0.key < $1.key }) {
            let text = try setting.resolved(by: resolve, secrets: &secrets)
            let data = root.structured?.contains(name) == true ? try? JSON(parsing: setting.text) : nil
            variables.append(
                TerraformVariable(name: name, text: text, data: data, isSecret: setting.refersToSecret))
        }
        try TerraformDiskGuard.refuseSharedModule(root, at: environmentFolder)
        let folder = TerraformFolder(
            module: environmentFolder + "/" + module, path: stateFolder + "/terraform/" + scope.name)
        let remote = try remote(of: scope, &secrets)
        let runner = TerraformRunner(
            binary: binary, scope: scope, folder: folder,
            variables: TerraformVariables(all: variables, module: folder.module), inherited: inherited,
            secrets: secrets, remote: remote, groups: root.inventory)
        try TerraformStore(runner).refuseMoved()
        return runner
    }

    private func remote(of scope: TerraformScope, _ secrets: inout Secrets) throws(Failure) -> TerraformRemote? {
        guard let backend = root.backend else { return nil }
        var config: [String: String] = [:]
        for (name, setting) in backend.config(of: scope.name) {
            config[name] = try setting.resolved(by: resolve, secrets: &secrets)
        }
        var credentials: [String: String] = [:]
        for (name, setting) in backend.credentials {
            credentials[name] = try setting.resolved(by: resolve, secrets: &secrets)
        }
        return TerraformRemote(type: backend.type, config: config, credentials: credentials)
    }
}
