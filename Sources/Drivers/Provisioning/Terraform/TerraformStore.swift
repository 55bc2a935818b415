import JSON
import Migration

/// Where the states are kept when rz's own folder is not the place: a backend with its settings filled in for one state.
struct TerraformRemote: Sendable, Hashable {
    var type: String
    var config: [String: String]
    /// By environment variable, secrets.
    var credentials: [String: String]

    /// What `terraform init -backend-config` reads.
    var fileText: String {
        config.sorted { $0.key < $1.key }.map { "\($0.key) = \(TerraformValue.quoted($0.value))\n" }.joined()
    }

    /// Names it for people, and in the record of where a state is.
    var description: String {
        let settings = config.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return ([type] + settings).joined(separator: " ")
    }
}

/// One state, read without its module: neither providers nor variables are needed.
///
/// With a backend nothing is read from a file: what is there is asked for with `terraform state pull`. That needs a
/// folder with the backend's declaration and nothing else, where `terraform force-unlock` works, too.
struct TerraformStore {
    let runner: TerraformRunner
    private var folder: TerraformFolder { runner.folder }

    init(_ runner: TerraformRunner) { self.runner = runner }

    /// What a state says: nil where there is none yet.
    struct Contents {
        /// The output `inventory`, or what is made of the outputs; nil when there are none.
        var inventory: Inventory?
        /// Addresses of what Terraform manages.
        var addresses: [String]
        var text: String?
    }

    func contents() async throws(Failure) -> Contents? {
        guard let remote = runner.remote else { return try await localContents() }
        guard let text = try await pull(remote) else { return nil }
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: text)
        } catch {
            throw Failure(
                "The state of \(runner.scope.subject) can't be read", at: runner.secrets.redact(remote.description),
                details: ["\(error)"])
        }
        return Contents(
            inventory: try TerraformOutputs.inventory(json["outputs"] ?? [:], runner.groups, at: folder.module),
            addresses: TerraformStore.addresses(json), text: text)
    }

    var isThere: Bool {
        get async throws(Failure) {
            guard let remote = runner.remote else { return Files.exists(folder.state) }
            return try await pull(remote) != nil
        }
    }

    // MARK: - In rz's own folder

    private func localContents() async throws(Failure) -> Contents? {
        guard Files.exists(folder.state) else { return nil }
        let (output, errors, end) = try await runner.collect(
            ["output", "-json", "-no-color", "-state=\(folder.state)"], in: folder.path)
        guard end.isSuccess else { throw unreadable(folder.state, errors) }
        let inventory = try TerraformOutputs.inventory(
            output.wholeText(at: folder.module), runner.groups, at: folder.module)
        var addresses: [String] = []
        if inventory == nil {
            let (output, _, end) = try await runner.collect(
                ["state", "list", "-state=\(folder.state)"], in: folder.path)
            if end.isSuccess {
                addresses = try output.wholeText(at: folder.module).split(whereSeparator: \.isNewline).map(String.init)
                    .filter { !$0.hasPrefix("data.") && !$0.contains(".data.") }
            }
        }
        return Contents(inventory: inventory, addresses: addresses, text: Files.textIfThere(folder.state))
    }

    // MARK: - In a backend

    /// - Returns: nil where nothing was ever kept there.
    private func pull(_ remote: TerraformRemote) async throws(Failure) -> String? {
        let place = folder.store
        try Files.makeFolder(place)
        return try await FileLock.hold(place + "/lock") { () async throws(Failure) in
            try Files.write("terraform {\n  backend \"\(remote.type)\" {}\n}\n", to: place + "/main.tf")
            let handed = try HandedFile(remote.fileText)
            var (output, errors, end) = try await runner.collect(
                ["init", "-input=false", "-no-color", "-reconfigure", "-backend-config=\(handed.path)"], in: place)
            guard end.isSuccess else { throw unreadable(remote.description, errors) }
            (output, errors, end) = try await runner.collect(["state", "pull", "-no-color"], in: place)
            guard end.isSuccess else { throw unreadable(remote.description, errors) }
            let text = try output.wholeText(at: remote.description)
            return text.contains { !$0.isWhitespace } ? text : nil
        }
    }

    /// As `terraform state list` prints them.
    static func addresses(_ state: JSON) -> [String] {
        (state["resources"]?.array ?? []).filter { $0["mode"]?.string == "managed" }.flatMap { resource -> [String] in
            let own = [resource["module"]?.string, resource["type"]?.string, resource["name"]?.string]
                .compactMap(\.self).joined(separator: ".")
            return (resource["instances"]?.array ?? []).map { instance in
                instance["index_key"].map { "\(own)[\($0.compact)]" } ?? own
            }
        }
    }

    private func unreadable(_ place: String, _ errors: OutputFile) -> Failure {
        Failure(
            "Terraform can't read the state of \(runner.scope.subject)", at: runner.secrets.redact(place),
            details: errors.lastLines(12).map(runner.secrets.redact),
            advice: runner.remote == nil
                ? nil : "Check `provision.terraform.backend` in environment.yaml, and that its server answers.")
    }

    // MARK: - One state in one place

    /// Remembers where this state is kept, before the first server is built there.
    func record() throws(Failure) {
        guard let remote = runner.remote else { return }
        try Files.write(remote.description + "\n", to: folder.place)
    }

    /// After everything was destroyed the next state may be anywhere.
    func forget() { Files.remove(folder.place) }

    /// Servers whose state is elsewhere would look like none, and would be built a second time.
    func refuseMoved() throws(Failure) {
        let known = Files.textIfThere(folder.place).map { String($0.dropLast()) }
        if let known, known != runner.remote?.description {
            throw Failure(
                "The state of \(runner.scope.subject) is kept elsewhere than environment.yaml says",
                at: folder.place,
                details: ["kept in: \(known)", "named now: \(runner.remote?.description ?? "rz's own folder")"],
                advice: "Give `provision.terraform.backend` back what it was. To move a state: `terraform state pull` "
                    + "in \(folder.store), `terraform state push` to the new place, then delete this file.",
                kind: .refused)
        }
        guard known == nil, let remote = runner.remote, let text = Files.textIfThere(folder.state),
            let json = try? JSON(parsing: text), json["resources"]?.array?.isEmpty == false
        else { return }
        throw Failure(
            "The state of \(runner.scope.subject) is still in rz's own folder", at: folder.state,
            details: ["named now: \(remote.description)"],
            advice: "Push it (`terraform state push \(folder.state)`) from a folder with `backend \"\(remote.type)\"` "
                + "and these settings, then move this file away. Or leave `backend` out.",
            kind: .refused)
    }
}
