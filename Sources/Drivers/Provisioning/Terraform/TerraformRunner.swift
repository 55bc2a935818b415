import JSON
import Migration

/// Runs Terraform in one scope.
struct TerraformRunner: Sendable {
    let binary: String
    let scope: TerraformScope
    let folder: TerraformFolder
    let variables: TerraformVariables
    let inherited: InheritedEnvironment
    let secrets: Secrets
    /// Where the state is kept; nil for rz's own folder.
    let remote: TerraformRemote?
    /// Where the servers are in the outputs; nil for an output `inventory`.
    let groups: [String: TerraformGroup]?

    /// SIGINT to Terraform alone: it then ends its provisioners and saves its state. It gets time for that, as a state
    /// that was not saved costs more than waiting.
    static let stopping = Stopping(signalsGroup: false, afterInterrupt: .minutes(2), afterTerminate: .seconds(30))

    /// The same, for commands that only look.
    var looking: TerraformRunner {
        TerraformRunner(
            binary: binary, scope: scope, folder: folder.looking, variables: variables, inherited: inherited,
            secrets: secrets, remote: remote, groups: groups)
    }

    /// What a run of Terraform said.
    struct Answer {
        var events: [TerraformEvent]
        var errors: [String]
        var end: ProcessEnd

        var diagnostics: [TerraformDiagnostic] {
            events.compactMap { if case .diagnostic(let diagnostic) = $0 { diagnostic } else { nil } }
        }
    }

    /// Prepares the data directory for this module and this state. Changes neither.
    func initialise() async throws(Failure) {
        guard Files.isFolder(folder.module) else {
            throw Failure(
                "Terraform's root module is not there", at: folder.module,
                advice: "Correct `provision.terraform` in environment.yaml.")
        }
        try Files.makeFolder(folder.work)
        let vendored = try useVendoredModules()
        let handed = try remote.map { remote throws(Failure) in try HandedFile(remote.fileText) }
        let (output, errors, end) = try await collect(
            [
                "init", "-input=false", "-no-color", "-reconfigure", "-lockfile=readonly",
                "-backend-config=\(handed?.path ?? "path=" + folder.state)",
            ] + (vendored ? ["-get=false"] : []))
        guard end.isSuccess else {
            throw Failure(
                "Terraform can't prepare \(scope.subject)", at: folder.module,
                details: (output.lastLines(12) + errors.lastLines(12)).map(secrets.redact),
                advice: (remote.map {
                    "The module needs `terraform { backend \"\($0.type)\" {} }`, and that backend the "
                        + "settings under `provision.terraform.backend`. "
                } ?? "") + "Providers must be in the module's lock file, .terraform.lock.hcl, and that file in Git.")
        }
        try refuseForeignState()
    }

    /// Modules that are committed as `terraform get` left them, in `.terraform/modules`: their list says where they are,
    /// relative to the root module, and belongs in the data directory.
    ///
    /// - Returns: whether there are any; nothing is fetched then.
    private func useVendoredModules() throws(Failure) -> Bool {
        guard let list = Files.textIfThere(folder.module + "/.terraform/modules/modules.json") else { return false }
        try Files.makeFolder(folder.data + "/modules")
        try Files.write(list, to: folder.data + "/modules/modules.json")
        return true
    }

    /// Saves a plan of all changes. Whoever asks for it removes it, as it holds every variable, secrets too.
    func plan(_ options: [String]) async throws(Failure) -> Answer {
        // Terraform empties a file that is there and leaves its mode: no one else may read the plan.
        try Files.write("", to: folder.plan)
        let handed = try HandedFile(variables.fileText)
        return try await stream(
            ["plan", "-json", "-input=false", "-detailed-exitcode", "-out=\(folder.plan)"] + options
                + ["-var-file=\(handed.path)"],
            into: try OutputFile(path: folder.planEvents), at: folder.planEvents, deadline: .hours(2))
    }

    /// The saved plan's contents.
    func show() async throws(Failure) -> TerraformPlan {
        let (output, errors, end) = try await collect(["show", "-json", "-no-color", folder.plan])
        guard end.isSuccess else {
            throw Failure(
                "Terraform can't show its plan for \(scope.subject)", at: folder.module,
                details: errors.lastLines().map(secrets.redact))
        }
        return try TerraformPlan(output.wholeText(at: folder.module), groups, at: folder.module)
    }

    /// Applies a saved plan, exactly. The events are kept.
    func apply(
        _ plan: String, onEvent: (TerraformEvent) async -> Void
    ) async throws(Failure) -> Answer {
        try await Permission.ask()
        let entry = try folder.ledger.begin(masking: secrets)
        let answer = try await stream(
            ["apply", "-json", "-input=false", plan], into: try entry.output(), at: entry.path, record: folder.record,
            deadline: .hours(24), onEvent: onEvent)
        try entry.close(answer.end)
        return answer
    }

    /// Output of a command that only looks; kept in memory, as it may hold secrets. What is written to standard error
    /// (warnings, the words of a program that wraps Terraform) stays apart.
    ///
    /// - Parameter place: the folder in which it runs, without a module and its data directory; nil for the module's.
    func collect(
        _ arguments: [String], in place: String? = nil
    ) async throws(Failure) -> (output: OutputFile, errors: OutputFile, end: ProcessEnd) {
        let output = try OutputFile()
        let errors = try OutputFile()
        var command = command(arguments, deadline: .minutes(10))
        if let place {
            command.folder = place
            // Where there is no data directory, a state file may be named. In the folder of a backend it is the usual one,
            // for people who use that folder.
            command.environment["TF_DATA_DIR"] = place + (remote == nil ? "/none" : "/.terraform")
        }
        let end = try await ChildProcess(command).run(output: output, errors: errors)
        try end.refuseStopped(command)
        return (output, errors, end)
    }

    func failure(_ work: String, _ answer: Answer) async -> Failure {
        let refused = answer.diagnostics.first { $0.isError && $0.summary == TerraformDiagnosis.locked }
        if let remote, let refused {
            var lock = TerraformLock(refused.detail, of: remote)
            // Prepares the folder that the message names.
            _ = try? await TerraformStore(self).contents()
            if (try? await Permission.ask()) != nil { await lock.ask(remote) }
            var failure = lock.failure(scope.subject, module: folder.module, store: folder.store, remote)
            failure.summary = secrets.redact(failure.summary)
            failure.details = failure.details.map(secrets.redact)
            return failure
        }
        return TerraformDiagnosis(subject: scope.subject, module: folder.module, secrets: secrets)
            .failure(of: work, diagnostics: answer.diagnostics, end: answer.end, errors: answer.errors)
    }

    private func stream(
        _ arguments: [String], into output: OutputFile, at path: String, record: ProcessRecord? = nil,
        deadline: Period, onEvent: (TerraformEvent) async -> Void = { _ in }
    ) async throws(Failure) -> Answer {
        let errors = try OutputFile(path: folder.errors)
        let end = try await ChildProcess(command(arguments, deadline: deadline)).run(
            output: output, errors: errors, record: record
        ) { line in
            if let event = TerraformEvent(line: line) { await onEvent(event) }
        }
        // From the file, as the lines end with a cancellation and the file does not.
        let events = output.lines().compactMap { TerraformEvent(line: $0) }
        // Terraform prints what its provisioners run, secrets filled in.
        try output.redact(secrets)
        try errors.redact(secrets)
        try output.refuseIfTooLong(at: path)
        return Answer(events: events, errors: errors.lastLines(), end: end)
    }

    private func command(_ arguments: [String], deadline: Period) -> Command {
        Command(
            binary, arguments, environment: environment, folder: folder.module, deadline: deadline,
            stopping: TerraformRunner.stopping)
    }

    private var environment: [String: String] {
        var environment = TerraformRunner.environment(from: inherited)
        environment.merge(variables.environment) { $1 }
        environment.merge(remote?.credentials ?? [:]) { $1 }
        environment["TF_DATA_DIR"] = folder.data
        return environment
    }

    /// What every Terraform gets. Of `TF_…` only what says where providers come from: all else would change what is
    /// planned, or how it is reported, without a trace in Git.
    static func environment(from inherited: InheritedEnvironment) -> [String: String] {
        var environment = inherited.variables
        environment.merge(
            inherited.variables { $0 == "TF_PLUGIN_CACHE_DIR" || $0.hasPrefix("TF_TOKEN_") }
        ) { $1 }
        // Terraform warns of a missing one at every command.
        if let file = inherited["TF_CLI_CONFIG_FILE"], Files.exists(file) { environment["TF_CLI_CONFIG_FILE"] = file }
        environment["TF_IN_AUTOMATION"] = "1"
        environment["CHECKPOINT_DISABLE"] = "1"
        return environment
    }

    /// A module without its backend would keep its state inside the module's folder, which is a throw-away copy; one with
    /// an address of its own would keep both colors in one state.
    private func refuseForeignState() throws(Failure) {
        let backend = Files.textIfThere(folder.backend).flatMap { try? JSON(parsing: $0) }?["backend"]
        let type = remote?.type ?? "local"
        let wanted = remote?.config ?? ["path": folder.state]
        let differing = wanted.filter { name, text in
            guard let value = backend?["config"]?[name], !value.isNull else { return true }
            return !TerraformValue.isSame(value, .string(text))
        }
        guard backend?["type"]?.string == type, differing.isEmpty else {
            throw Failure(
                "The root module does not let rz choose where its state is kept", at: folder.module,
                details: ["each color needs a state of its own"],
                advice: "Add `terraform { backend \"\(type)\" {} }` to the module.")
        }
    }
}
