import FoundationEssentials
import Glibc
import JSON
import LoadBalancing
import Migration
import Planning
import Provisioning
import Runbooks

/// Reads a data centre that rz did not build, and makes an environment of it. Changes nothing outside.
///
/// What it finds is tried out in a folder of its own (`AdoptionStage`), with the drivers that runs use, before anything
/// is written where it stays.
struct Adoption {
    /// What says which servers there are.
    enum Servers {
        case terraform(module: String, state: String?, values: [String])
        case list(String)
    }

    let template: EnvironmentTemplate
    /// The folder that holds `environments/`, or will.
    let project: String
    let playbook: String?

    /// What was read.
    struct Found {
        var template: EnvironmentTemplate
        var state: ExistingState?
        var color: Color
        var servers: Inventory
        var traffic: AdoptedTraffic
        /// Services by what moves of them; nil where no framework was named.
        var services: ServiceObservation?
        var missing: [Missing] = []
        /// For people: what they should know.
        var notes: [String] = []
        let stateFolder: String

        /// Makes a copy of the state rz's.
        func keepState() throws(Failure) { try state?.place(for: color, in: stateFolder) }
    }

    /// Something that a move needs, and what to do for it.
    struct Missing: Sendable, Hashable {
        var text: String
        /// Lines to write, or commands.
        var lines: [String] = []

        init(_ text: String, _ lines: [String] = []) {
            self.text = text
            self.lines = lines
        }

        init(_ text: String, _ failure: Failure) {
            self.init("\(text): \(failure.summary)", failure.details + [failure.advice].compactMap(\.self))
        }
    }

    func look(at servers: Servers) async throws -> Found {
        let places = try Places.trusted()
        let stateFolder = places.state(of: template.name)
        guard var adopted = template.adopted else { throw Failure("There is nothing to adopt") }
        try await refuseForeign(places)
        var missing: [Missing] = []
        var notes: [String] = []
        var state: ExistingState?
        switch servers {
        case .list(let path): adopted.servers = try ServerList.read(path)
        case .terraform(let module, let file, let values):
            state = try await read(module, file, values, stateFolder, &adopted, &missing, &notes)
        }
        if let playbook { try copy(playbook, into: &adopted, &notes) }

        var template = template
        template.frameworks = template.frameworks.map { framework in
            var framework = framework
            framework.url = adopted.servers.shared(url: framework.url) ?? framework.url
            return framework
        }
        template.mesos = template.mesos.map { adopted.servers.shared(url: $0) ?? $0 }

        let settings = SettingResolver(
            environmentFolder: "\(project)/environments/\(template.name)", rzHome: places.home)
        Redaction.cover(settings)
        let balancers = template.loadBalancers.map { balancer in
            HAProxyRuntime(
                LoadBalancerAddress(
                    name: LoadBalancerID(balancer.name), socket: Setting(balancer.socket),
                    withoutStateFile: "not filled in yet"),
                owner: .known(template.name, in: stateFolder), resolver: settings.resolver)
        }
        var states: [LoadBalancerID: LoadBalancerState] = [:]
        for balancer in balancers { states[balancer.name] = try await balancer.observe() }
        let traffic = try AdoptedTraffic(of: states, color: adopted.color, live: adopted.servers)
        adopted.traffic = traffic.backends.map {
            .init(backend: $0.name, live: $0.live, other: $0.other, isProposal: !$0.hasOther)
        }
        template.adopted = adopted
        var found = Found(
            template: template, state: state, color: adopted.color, servers: adopted.servers, traffic: traffic,
            missing: missing, notes: notes, stateFolder: stateFolder)
        found.missing += try await self.missing(of: traffic, on: balancers)
        try await AdoptionStage(template: template, state: state, places: places).complete(&found)
        return found
    }

    /// What rz keeps under this name must not be another project's, nor another data centre's.
    private func refuseForeign(_ places: Places) async throws {
        let state = places.state(of: template.name)
        let repository = try GitRepository.trusted(project)
        try await ProjectClaim(template.name, repository, places).refuseOther()
        guard let color = template.adopted?.color,
            let kind = ProvisionerKind.recorded(of: color.other, in: state)
        else { return }
        throw Failure(
            "rz has built \(color.other) of an environment \(template.name) already (\(kind))", at: state,
            advice: "Adopt this data centre under another name, or with a home of its own: export RZ_HOME=FOLDER.",
            kind: .refused)
    }

    private func read(
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
            notes.append("not copied, as they are links or no text: \(AdoptionReport.few(module.leftOut))")
        }
        adopted.variables = variables(of: module, adopted)
        notes.append(
            "from now on apply the module with rz only: \(folder) and its state stay as they are, and describe the same "
                + "servers as rz's copy")
        let disks = state.disks
        if !disks.isEmpty {
            missing.append(
                Missing(
                    "the state has what looks like data disks (\(AdoptionReport.few(disks))): a move destroys them with "
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

    private func copy(
        _ playbook: String, into adopted: inout EnvironmentTemplate.Adopted, _ notes: inout [String]
    ) throws(Failure) {
        guard access(playbook, R_OK) == 0 else {
            throw Failure("The playbook can't be read", at: playbook, advice: "Correct --ansible.")
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
            notes.append("not copied, as they are links or no text: \(AdoptionReport.few(files.leftOut))")
        }
    }

    /// What the load balancers lack, those of the other color's servers last.
    private func missing(
        of traffic: AdoptedTraffic, on balancers: [HAProxyRuntime]
    ) async throws(Failure) -> [Missing] {
        guard let color = template.adopted?.color else { return [] }
        let rules = traffic.backends.map { backend in
            var rule = TrafficRule(backend: backend.name, servers: [color: backend.live])
            if backend.hasOther { rule.servers[color.other] = backend.other }
            return rule
        }
        var missing = traffic.missing.map { Missing($0) }
        for balancer in balancers {
            missing += try await balancer.observeObstacles(rules).filter(\.isBlocking).map { Missing($0.text) }
        }
        let names = template.loadBalancers.map(\.name).joined(separator: ", ")
        missing.append(
            Missing(
                "what HAProxy does not report: haproxy.cfg of \(names) must have these lines, with paths of your own that "
                    + "environment.yaml names as stateFile and epochMap. The files must exist before a reload",
                [
                    "global:    server-state-file /var/lib/haproxy/server-state     (a file that rz can replace)",
                    "defaults:  load-server-state-from-file global",
                    "frontend:  http-request set-var(txn.epoch) "
                        + "str(epoch-\(template.name)),map_str(/etc/haproxy/rz-epoch.map,0)     (optional)",
                ]))
        missing += traffic.backends.filter { !$0.hasOther }.map { backend in
            Missing(
                "backend \(backend.name) lists no server of \(color.other): add them to haproxy.cfg of \(names), each "
                    + "with its address, and reload HAProxy", backend.lines(for: color.other))
        }
        return missing
    }
}
