import JSON
import Migration

/// The state of a root module that rz did not apply. Only read.
public struct ExistingState: Sendable {
    public let text: String
    public let lineage: String
    public let serial: Int
    private let json: JSON

    /// - Throws: `Failure` for a text that is no state of version 4, the one that every Terraform since 0.12 writes.
    public init(_ text: String, at place: String) throws(Failure) {
        guard let json = try? JSON(parsing: text), json["version"]?.int == 4, let lineage = json["lineage"]?.string,
            let serial = json["serial"]?.int
        else {
            throw Failure(
                "This is not a state of Terraform", at: place,
                advice: "Name a file that `terraform state pull` wrote: --state FILE.")
        }
        (self.text, self.lineage, self.serial, self.json) = (text, lineage, serial, json)
    }

    /// Reads the state of a module: a file, what its backend keeps, or `terraform.tfstate` in its folder. Changes nothing.
    ///
    /// - Parameter file: one that `terraform state pull` wrote; nil looks in the module's folder.
    public static func read(
        of folder: String, file: String?, backend: String, binary: String, inherited: InheritedEnvironment
    ) async throws(Failure) -> ExistingState {
        if let file {
            guard let text = Files.textIfThere(file) else {
                throw Failure("The state can't be read", at: file, advice: "Correct --state.")
            }
            return try ExistingState(text, at: file)
        }
        let plain = folder + "/terraform.tfstate"
        if Files.exists(folder + "/.terraform/terraform.tfstate") {
            return try ExistingState(try await pull(folder, binary, inherited), at: folder)
        }
        guard backend == "local", let text = Files.textIfThere(plain) else {
            throw Failure(
                "No state of the module is found", at: folder,
                details: [
                    backend == "local"
                        ? "there is no terraform.tfstate" : "its backend \(backend) was not initialised in this folder"
                ],
                advice: "Run `terraform state pull > FILE` where you apply this module, and name it with --state FILE.")
        }
        return try ExistingState(text, at: plain)
    }

    private static func pull(
        _ folder: String, _ binary: String, _ inherited: InheritedEnvironment
    ) async throws(Failure) -> String {
        let (output, errors) = (try OutputFile(), try OutputFile())
        let command = Command(
            binary, ["state", "pull", "-no-color"], environment: TerraformRunner.environment(from: inherited),
            folder: folder, deadline: .minutes(5))
        let end = try await ChildProcess(command).run(output: output, errors: errors)
        try end.refuseStopped(command)
        guard end.isSuccess else {
            throw Failure(
                "Terraform can't read the state of the module", at: folder, details: errors.lastLines(12),
                advice: "Hand over the variables that its backend authenticates with (--pass NAME), or name a file "
                    + "that `terraform state pull` wrote: --state FILE.")
        }
        return try output.wholeText(at: folder)
    }

    /// Names of the outputs.
    public var outputs: [String] { (json["outputs"]?.object.map { $0.map(\.key) } ?? []).sorted() }

    /// Addresses of what Terraform manages, as `terraform state list` prints them.
    public var addresses: [String] { TerraformStore.addresses(json).sorted() }

    /// Those that look like data disks by their type. With the servers they would be destroyed.
    public var disks: [String] {
        let words = [
            "volume", "disk", "_ebs_", "_db_", "_rds_", "_sql_", "database", "filesystem", "file_system", "bucket",
        ]
        let resources = (json["resources"]?.array ?? []).filter { resource in
            let type = resource["type"]?.string ?? ""
            return words.contains { type.contains($0) } && !type.hasSuffix("_attachment")
        }
        return TerraformStore.addresses(["resources": .array(resources)]).sorted()
    }

    /// The servers that the outputs report, and how; nil groups where an output `inventory` has rz's own shape.
    ///
    /// - Throws: `Failure` that lists the outputs where none of them reports servers.
    public func inventory() throws(Failure) -> (servers: Inventory, groups: [String: TerraformGroup]?) {
        let outputs = json["outputs"] ?? [:]
        if let servers = try? TerraformOutputs.inventory(outputs, nil, at: "outputs"), !servers.isEmpty {
            return (servers, nil)
        }
        let groups = InventoryGuess.groups(outputs)
        guard !groups.isEmpty,
            let servers = try TerraformOutputs.inventory(outputs, groups, at: "outputs"), !servers.isEmpty
        else {
            let names = self.outputs
            throw Failure(
                "No output of the module reports servers",
                details: ["outputs: \(names.isEmpty ? "none" : names.joined(separator: ", "))"],
                advice: "Give the module an output that lists them with name and address, for example "
                    + "`output \"web\" { value = { for name, s in RESOURCE.web : name => { address = s.ADDRESS } } }`, "
                    + "run `terraform apply -refresh-only`, then run this again.")
        }
        return (servers, groups)
    }

    /// Puts it where rz keeps a color's state, and records that Terraform built that color. Repeating it is harmless.
    ///
    /// - Throws: `Failure` (kind `.refused`) where another state is there already.
    public func place(for color: Color, in stateFolder: String) throws(Failure) {
        let folder = "\(stateFolder)/terraform/\(color)"
        let path = folder + "/terraform.tfstate"
        try refuseOther(for: color, in: stateFolder)
        try Files.makeFolder(folder)
        if !Files.exists(path) { try Files.write(text, to: path) }
        try Files.write(
            ProvisionerKind.terraform.rawValue + "\n", to: ProvisionerKind.record(of: color, in: stateFolder))
    }

    /// - Throws: `Failure` (kind `.refused`) where rz has a state or servers of this color that are not these.
    public func refuseOther(for color: Color, in stateFolder: String) throws(Failure) {
        let path = "\(stateFolder)/terraform/\(color)/terraform.tfstate"
        let advice =
            "Adopt it as the other color (--color \(color.other)), under another name, or with a home of its own: "
            + "export RZ_HOME=FOLDER."
        if let kind = ProvisionerKind.recorded(of: color, in: stateFolder), kind != .terraform {
            throw Failure("\(color) was built by \(kind.name)", at: stateFolder, advice: advice, kind: .refused)
        }
        if let place = Files.textIfThere("\(stateFolder)/terraform/\(color)/backend") {
            throw Failure(
                "rz keeps a state of \(color) in a backend", at: place.filter { !$0.isNewline }, advice: advice,
                kind: .refused)
        }
        guard Files.isThere(path) else { return }
        let kept = try ExistingState(Files.textIfThere(path) ?? "", at: path)
        guard kept.lineage != lineage || kept.serial != serial else { return }
        throw Failure(
            "rz has another state of \(color)", at: path,
            details: [
                "kept: lineage \(kept.lineage), serial \(kept.serial)", "found: lineage \(lineage), serial \(serial)",
                kept.lineage == lineage ? "the same servers, changed since on one side" : "other servers",
            ], advice: advice, kind: .refused)
    }
}
