import Migration

/// Runs the programs that operators add to a runbook; requests are made by a closure, as HTTP is another module's.
public struct CommandStepRunner: StepRunner {
    public typealias Caller = @Sendable (HTTPWork, Inventory) async throws(Failure) -> [String: String]

    private let environmentFolder: String
    private let logFolder: String
    private let inherited: InheritedEnvironment
    private let resolve: Resolver
    private let known: KnownSecrets
    private let caller: Caller

    /// - Parameters:
    ///   - environmentFolder: where the programs run.
    ///   - logFolder: where their output is kept, a file a program.
    public init(
        environmentFolder: String, logFolder: String, inherited: InheritedEnvironment = InheritedEnvironment(),
        resolve: @escaping Resolver, secrets: @escaping KnownSecrets = { Secrets() }, call: @escaping Caller
    ) {
        self.environmentFolder = environmentFolder
        self.logFolder = logFolder
        self.inherited = inherited
        self.resolve = resolve
        known = secrets
        caller = call
    }

    public func run(_ work: ExecWork, inventory: Inventory, report: Report) async throws(Failure) -> [String: String] {
        var secrets = known()
        func text(_ setting: Setting) throws(Failure) -> String {
            try setting.resolved(by: resolve, secrets: &secrets, literal: inventory.fill)
        }
        var words: [String] = []
        for setting in work.command { words.append(try text(setting)) }
        var environment = inherited.variables
        for (name, setting) in work.variables { environment[name] = try text(setting) }
        let outputs = try work.outputs.map { (_) throws(Failure) in try OutputsFile() }
        environment[OutputsFile.variable] = outputs?.path
        guard let program = words.first, !program.isEmpty else {
            throw Failure("The step names no program", at: environmentFolder, advice: "Give it a `command`.")
        }
        // The engine's deadline for the step comes first; this one only bounds a forgotten program.
        let command = Command(
            program, Array(words.dropFirst()), environment: environment, folder: environmentFolder,
            deadline: .hours(24))
        try Files.makeFolder(logFolder)
        let log = try OutputFile(path: "\(logFolder)/\(command.name).log")
        let shown = secrets
        let end = try await ChildProcess(command).run(output: log) { await report(shown.redact($0)) }
        try log.redact(shown)
        try end.refuseStopped(command)
        guard end.isSuccess else {
            throw Failure(
                "\(command.name) failed: \(end.words)", at: environmentFolder,
                details: log.lastLines(), advice: "Its whole output: \(logFolder)/\(command.name).log")
        }
        return try withoutSecrets(try outputs?.values(of: command.name) ?? [:], shown)
    }

    public func call(_ work: HTTPWork, inventory: Inventory) async throws(Failure) -> [String: String] {
        try withoutSecrets(try await caller(work, inventory), known())
    }

    /// What is given is written into the journal, and shown.
    private func withoutSecrets(_ given: [String: String], _ secrets: Secrets) throws(Failure) -> [String: String] {
        let revealing = given.filter { secrets.redact($0.value) != $0.value }.keys.sorted()
        guard revealing.isEmpty else {
            throw Failure(
                "What the step gives holds a secret", at: revealing.joined(separator: ", "),
                advice: "Give the name of where the secret is kept: outputs stand in the journal.")
        }
        return given
    }
}
