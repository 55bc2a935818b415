import FoundationEssentials
import Glibc
import JSON
import Migration
import Provisioning
import Runbooks

// What of an existing data centre becomes files of the environment.
extension Adoption {
    /// The servers of a root module, with what its state says and a copy of its files.
    func read(
        _ folder: String, _ file: String?, _ values: [String], _ stateFolder: String,
        _ adopted: inout EnvironmentTemplate.Adopted, _ missing: inout [Missing], _ notes: inout [String]
    ) async throws(Failure) -> ExistingState {
        let module = try ExistingModule(folder, valueFiles: values)
        guard let binary = try Tool.terraform() else {
            throw Failure("Neither terraform nor tofu is installed", at: "PATH", advice: "Install one of them.")
        }
        let state = try await ExistingState.read(
            of: folder, file: file, backend: module.backend, binary: binary,
            inherited: InheritedEnvironment(passing: adopted.pass))
        try state.refuseOther(for: adopted.color, in: stateFolder)
        (adopted.servers, adopted.groups) = try state.inventory()

        let own = "\(project)/environments/\(template.name)/"
        let isInPlace = folder.hasPrefix(own)
        if isInPlace { adopted.root = String(folder.dropFirst(own.count)) }
        adopted.files += module.files.sorted { $0.key < $1.key }.map { path, file in
            .init(path: "\(adopted.root)/\(path)", text: file.text, isExecutable: file.isExecutable)
        }
        if module.files[".gitignore"] == nil {
            adopted.files.append(
                .init(path: adopted.root + "/.gitignore", text: ".terraform/\n*.tfstate\n*.tfstate.*\n"))
        }
        if isInPlace, module.backend != "local" {
            missing.append(
                Missing(
                    "the module keeps its state in a backend \(module.backend); rz has a copy of it now",
                    ["write into \(folder), in place of its backend: backend \"local\" {}"]))
        }
        if module.backend != "local" {
            notes.append(
                "the state was in a backend \(module.backend), and rz keeps its copy in its own folder; to keep the states "
                    + "of both colors in a backend see docs/provisioning.md")
        }
        if !module.outside.isEmpty {
            missing.append(
                Missing(
                    "modules outside of \(folder) are not copied: \(module.outside.joined(separator: ", "))",
                    ["copy them below environments/\(template.name)/\(adopted.root), and correct `source`"]))
        }
        if !module.leftOut.isEmpty {
            notes.append("not copied, as they are links, keys or no text: \(Wording.few(module.leftOut, 6))")
        }
        adopted.variables = variables(of: module, adopted)
        notes.append(
            "from now on apply the module with rz only: \(folder) and its state stay as they are, and describe the same "
                + "servers as rz's copy")
        let disks = state.disks
        if !disks.isEmpty {
            missing.append(
                Missing(
                    "the state has what looks like data disks (\(Wording.few(disks, 6))): a move destroys them with "
                        + "the servers of \(adopted.color)",
                    [
                        "move their resources into a module of their own, `disks:` in environment.yaml, whose state no "
                            + "run destroys (docs/provisioning.md); or make sure that nothing on them is needed",
                        "terraform state rm ADDRESS takes one out of a state without destroying it",
                    ]))
        }
        return state
    }

    /// A variable is of the color if a server's name or address holds its value: what the colors must not share.
    private func variables(
        of module: ExistingModule, _ adopted: EnvironmentTemplate.Adopted
    ) -> [EnvironmentTemplate.Adopted.Variable] {
        let identities = adopted.servers.hosts.flatMap { [$0.name, $0.address] }
        // rz gives `color` itself.
        let given = module.variables.filter { $0.name != "color" && ($0.value != nil || !$0.hasDefault) }
        return given.map { variable in
            // In environment.yaml it would be a reference to a secret.
            let isWritable = variable.value?.compact.contains("${") == false
            let text = variable.value?.string ?? ""
            let isShared = text.count > 1 && identities.contains { $0.firstRange(of: text) != nil }
            return .init(
                name: variable.name, value: isWritable ? variable.value : nil,
                isOfColor: isShared && !variable.isSecret, isSecret: variable.isSecret)
        }
    }

    /// The playbook with the folder around it.
    func copy(
        _ playbook: String, into adopted: inout EnvironmentTemplate.Adopted, _ notes: inout [String]
    ) throws(Failure) {
        guard access(playbook, R_OK) == 0 else {
            throw Failure("The playbook can't be read", at: playbook, advice: "Correct --ansible.")
        }
        var isFolder = false
        if FileManager.default.fileExists(atPath: playbook, isDirectory: &isFolder), isFolder {
            throw Failure(
                "The playbook is a folder", at: playbook,
                advice:
                    "Name the playbook itself: --ansible \(playbook)/site.yml. The folder around it is copied with it.")
        }
        let own = "\(project)/environments/\(template.name)/"
        if playbook.hasPrefix(own) {
            adopted.playbook = String(playbook.dropFirst(own.count))
            return
        }
        let url = URL(filePath: playbook)
        let files = try ProjectFiles(of: url.deletingLastPathComponent().path)
        adopted.playbook = "ansible/" + url.lastPathComponent
        adopted.files += files.files.sorted { $0.key < $1.key }.map { path, file in
            .init(path: "ansible/\(path)", text: file.text, isExecutable: file.isExecutable)
        }
        if !files.leftOut.isEmpty {
            notes.append("not copied, as they are links, keys or no text: \(Wording.few(files.leftOut, 6))")
        }
    }
}
