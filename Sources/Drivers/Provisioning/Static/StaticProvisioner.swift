import JSON
import Migration

/// Servers that rz does not build by Terraform: by a program of the operator's, or always there.
public struct StaticProvisioner: Provisioner {
    private let servers: StaticServers
    private let environmentFolder: String
    private let stateFolder: String
    private let inherited: InheritedEnvironment
    private let resolve: Resolver
    private let known: KnownSecrets

    /// - Parameters:
    ///   - environmentFolder: where the program runs.
    ///   - stateFolder: rz's folder for this environment; the program's output is kept in `static/` below it.
    public init(
        _ servers: StaticServers, environmentFolder: String, stateFolder: String,
        inherited: InheritedEnvironment = InheritedEnvironment(), resolve: @escaping Resolver,
        secrets: @escaping KnownSecrets = { Secrets() }
    ) {
        self.servers = servers
        self.environmentFolder = environmentFolder
        self.stateFolder = stateFolder
        self.inherited = inherited
        self.resolve = resolve
        known = secrets
    }

    public var hasFixedServers: Bool { servers.command == nil }

    public func observeVersion() async throws(Failure) -> String {
        guard let command = servers.command else { return "fixed list of servers" }
        return "static servers by \(command.map(\.text).joined(separator: " "))"
    }

    public func observeServers(_ color: Color) async throws(Failure) -> Inventory {
        guard servers.command != nil else { return servers.servers[color] ?? Inventory() }
        let output = try OutputFile()
        try await run(["output", color.rawValue], output, errors: try OutputFile()) { _ in }
        let place = "output \(color) of the static provisioner"
        let json: JSON
        let text = try output.wholeText(at: place)
        do throws(JSONError) {
            json = try JSON(parsing: text)
        } catch {
            throw Failure("The inventory can't be read", at: place, details: ["\(error)"], advice: shape)
        }
        return try InventoryFormat.inventory(json, at: place, advice: shape)
    }

    /// A program can't say what it would change; servers that are there are taken as they are.
    public func observeChanges(_ color: Color) async throws(Failure) -> ProvisioningChanges {
        guard servers.command != nil, try await observeServers(color).isEmpty else { return ProvisioningChanges() }
        return ProvisioningChanges(add: ["the servers of \(color)"])
    }

    public func observeDrift(_ color: Color) async throws(Failure) -> [Drift] { try await driftByChanges(color) }

    /// A program can't say what it is about to change: where a permit is asked for, it is not run.
    public func build(
        _ color: Color, permit: ProvisioningPermit?, report: Report
    ) async throws(Failure) -> Inventory {
        if servers.command != nil {
            guard permit == nil else {
                throw Failure(
                    "The program that builds the servers can't say what it would change", at: environmentFolder,
                    advice: "Run it yourself for \(color).", kind: .refused)
            }
            try await runAndKeepLog(["apply", color.rawValue], report)
        }
        let inventory = try await observeServers(color)
        guard !inventory.isEmpty else {
            throw Failure(
                "There are no servers in \(color)", at: environmentFolder,
                advice: "List them under `provision.static` in environment.yaml, or fix the program given there.")
        }
        return inventory
    }

    public func buildDisks(report: Report) async throws(Failure) {
        guard servers.command != nil else { return await report("the data disks of fixed servers are their own") }
        try await runAndKeepLog(["apply", "disks"], report)
    }

    public func destroy(_ color: Color, report: Report) async throws(Failure) {
        guard servers.command != nil else {
            return await report("the servers of \(color) are a fixed list: nothing is destroyed")
        }
        try await runAndKeepLog(["destroy", color.rawValue], report)
    }

    private func runAndKeepLog(_ arguments: [String], _ report: Report) async throws(Failure) {
        let folder = stateFolder + "/static"
        try Files.makeFolder(folder)
        let log = try OutputFile(path: folder + "/" + arguments.joined(separator: "-") + ".log")
        try await run(arguments, log, errors: log, report: report)
    }

    private func run(
        _ arguments: [String], _ output: OutputFile, errors: OutputFile, report: Report
    ) async throws(Failure) {
        var secrets = known()
        var words: [String] = []
        for setting in servers.command ?? [] {
            words.append(try setting.resolved(by: resolve, secrets: &secrets))
        }
        guard let program = words.first else {
            throw Failure("`provision.static.command` is empty", at: environmentFolder)
        }
        let command = Command(
            program, words.dropFirst() + arguments, environment: inherited.variables, folder: environmentFolder,
            deadline: .hours(2))
        let end = try await ChildProcess(command).run(output: output, errors: errors) {
            await report(secrets.redact($0))
        }
        try errors.redact(secrets)
        try end.refuseStopped(command)
        guard end.isSuccess else {
            throw Failure(
                "\(command.name) failed to \(arguments.joined(separator: " ")): \(end.words)", at: environmentFolder,
                details: errors.lastLines())
        }
    }

    private let shape = "It must be one JSON object: group -> list of objects with `name` and `address`."
}
