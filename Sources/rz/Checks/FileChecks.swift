import Clusters
import FoundationEssentials
import Glibc
import Migration
import Provisioning
import Runbooks

/// The files of a project that a run of an environment will need. Asks nothing outside of this host.
struct FileChecks {
    let folder: ProjectFolder
    let environment: Environment
    /// Nil when it has errors.
    let runbook: Runbook?
    /// Whether programs may load what the checkout brings along, such as Ansible's plugins.
    var runsProject = false

    private var place: String { folder.environmentFolder(environment.name) }

    /// Everything that is wrong.
    func problems() async -> [CheckResult] {
        await submodules() + (await modules()) + fixedServers() + programs() + tlsFiles() + signers() + composeFiles()
            + ansible()
    }

    /// What is left to fill in, of all files in the environment's folder.
    func fillIns() -> [FillIn] {
        let paths = ((try? FileManager.default.subpathsOfDirectory(atPath: place)) ?? []).sorted()
        return paths.filter { path in !path.split(separator: "/").contains { $0.hasPrefix(".") } }.flatMap { path in
            text("\(place)/\(path)").map {
                FillIn.all(in: $0, file: "environments/\(environment.name)/\(path)")
            } ?? []
        }
    }

    // MARK: - Servers

    private func submodules() async -> [CheckResult] {
        do throws(Failure) {
            let repository = try GitRepository.trusted(folder.root)
            return try await repository.observeMissingSubmodules(
                try await repository.observeCommitIfThere(), paths: Project.paths(of: environment.name)
            ).map {
                CheckResult(
                    .problem, "git", "the Git submodule \($0) is not in the checkout",
                    advice: "Run there: git submodule update --init --recursive")
            }
        } catch {
            return [CheckResult("git", error)]
        }
    }

    private func modules() async -> [CheckResult] {
        guard let terraform = environment.provision.terraform else { return [] }
        var results: [CheckResult] = []
        for (key, path) in [("root", terraform.root), ("disks", terraform.disks)] {
            guard let path else { continue }
            results += await TerraformModule(key: key, path: path, environmentFolder: place).problems()
        }
        return results
    }

    private func fixedServers() -> [CheckResult] {
        guard let servers = environment.provision.static, servers.command == nil else { return [] }
        let empty = Color.allCases.filter { servers.servers[$0]?.isEmpty ?? true }.map {
            CheckResult(
                .problem, "static", "no servers of \($0) are listed",
                advice: "List them under `provision.static.servers.\($0)`: a fixed list has those of both colors.")
        }
        let shared = (servers.servers[.blue] ?? Inventory()).overlaps(with: servers.servers[.green] ?? Inventory())
        return empty
            + shared.map {
                CheckResult(
                    .problem, "static", "the colors share servers: \($0)",
                    advice: "Give each color servers of its own in `provision.static.servers`.")
            }
    }

    private func ansible() async -> [CheckResult] {
        guard let configure = environment.configure else { return [] }
        let missing = Ansible.missingFiles(configure, in: place)
        guard missing.isEmpty else { return missing.map { CheckResult(.problem, "ansible", $0) } }
        // Ansible wants a file of settings where the project has none.
        let draft = FileManager.default.temporaryDirectory.path + "/rz-validate-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: draft) }
        do throws(Failure) {
            guard let binary = try Tool.ansible(folder.root) else { return [] }
            let ansible = Ansible(
                binary: binary, configure: configure, environmentFolder: place, stateFolder: draft,
                resolve: { setting throws(Failure) in setting.text })
            let obstacles = try await ansible.observeObstacles()
            // Without its collections it can read nothing.
            let playbook = runsProject && obstacles.isEmpty ? try await ansible.observePlaybook() : nil
            return (obstacles + [playbook].compactMap { $0 }).map {
                CheckResult($0.isBlocking ? .problem : .note, "ansible", $0.text)
            }
        } catch {
            return [CheckResult("ansible", error)]
        }
    }

    // MARK: - Programs, certificates, services

    private func programs() -> [CheckResult] {
        var commands: [(key: String, command: [Setting])] = []
        if let command = environment.provision.static?.command {
            commands.append(("provision.static.command", command))
        }
        for step in runbook?.steps ?? [] {
            guard case .exec(let work) = step.work else { continue }
            commands.append(("the step \(step.id)", work.command))
            if let undo = work.undo { commands.append(("the undo of the step \(step.id)", undo)) }
        }
        let probes = environment.gates.service.probes + (environment.gates.platform?.probes ?? [])
        for probe in probes + (environment.services.declared ?? []).map(\.probe) {
            if case .command(let words) = probe.kind { commands.append(("a probe", words)) }
        }
        return commands.compactMap { key, command in
            guard let program = command.first?.text, program.contains("/"), isKnown(program) else { return nil }
            let path = absolute(program)
            guard access(path, F_OK) == 0 else {
                return CheckResult(
                    .problem, "programs", "\(key): the program \(program) \(reason(path))",
                    advice: "Paths are relative to environments/\(environment.name).")
            }
            guard access(path, X_OK) == 0 else {
                return CheckResult(
                    .problem, "programs", "\(key): the program \(program) is not executable",
                    advice: "Run: chmod +x \(path), and commit it.")
            }
            return nil
        }
    }

    /// Those of the project; others belong to the host that runs rz.
    private func tlsFiles() -> [CheckResult] {
        let names = environment.tlsPlaces.compactMap(\.rules).flatMap { rules in
            [rules.authorities, rules.clientCertificate?.certificate].compactMap(\.?.text)
        }
        return Set(names).sorted().filter { !$0.hasPrefix("/") && isKnown($0) }.compactMap { name in
            guard let text = text(absolute(name)) else {
                return CheckResult(
                    .problem, "TLS", "the file \(name) \(reason(absolute(name)))",
                    advice: "Correct `tls` in environment.yaml, or put the file into environments/\(environment.name).")
            }
            guard !text.contains("-----BEGIN CERTIFICATE-----") else { return nil }
            return CheckResult(
                .problem, "TLS", "the file \(name) holds no certificate",
                advice: "Name a file in PEM form: it has lines “-----BEGIN CERTIFICATE-----”.")
        }
    }

    /// A key that has no name of its own counts for no one.
    private func signers() -> [CheckResult] {
        guard let name = environment.approvers?.signers else { return [] }
        guard let text = text(absolute(name)) else {
            return [
                CheckResult(
                    .problem, "approvers", "the file \(name) \(reason(absolute(name)))",
                    advice: "Put the keys that count into environments/\(environment.name)/\(name): ssh-keygen(1), "
                        + "ALLOWED SIGNERS.")
            ]
        }
        let names = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.compactMap { line in
            line.split(separator: " ").first.map(String.init)
        }
        let shared = names.filter { $0.contains { ",*?!".contains($0) } }
        return
            (names.isEmpty
            ? [CheckResult(.problem, "approvers", "the file \(name) lists no key", advice: "Add one, and commit it.")]
            : [])
            + shared.map {
                CheckResult(
                    .problem, "approvers", "\(name): the key of \($0) counts for no one",
                    advice: "Give each key the name of one person: a list or a pattern would let one count for many.")
            }
    }

    private func composeFiles() -> [CheckResult] {
        environment.services.sources.flatMap { source -> [CheckResult] in
            guard case .compose(let compose) = source else { return [] }
            return compose.fileProblems(in: place).map { CheckResult("compose", $0) }
        }
    }

    // MARK: - Files

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(place)/\(path)" }

    /// Whether it depends on nothing that only a run or another host has.
    private func isKnown(_ text: String) -> Bool { !text.contains("${") && !text.contains("{{") }

    /// Nil for what is not a text of at most a mebibyte, or can't be read.
    private func text(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= 1 << 20,
            let data = FileManager.default.contents(atPath: path)
        else { return nil }
        return String(validating: data, as: UTF8.self)
    }

    private func reason(_ path: String) -> String {
        let isGone = access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)
        return isGone ? "is not there" : "can't be read"
    }
}
