import FoundationEssentials
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
                LoadBalancerID(balancer.name),
                .init(
                    socket: Setting(balancer.socket),
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
        found.missing += try await self.missing(of: traffic, adopted, on: balancers)
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

    /// What the load balancers lack, those of the other color's servers last.
    private func missing(
        of traffic: AdoptedTraffic, _ adopted: EnvironmentTemplate.Adopted, on balancers: [HAProxyRuntime]
    ) async throws(Failure) -> [Missing] {
        let color = adopted.color
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
                    "global:    server-state-file /var/lib/haproxy/server-state     (a file that rz can replace, one for each HAProxy)",
                    "defaults:  load-server-state-from-file global",
                    "frontend:  http-request set-var(txn.epoch) "
                        + "str(epoch-\(template.name)),map_str(/etc/haproxy/rz-epoch.map,0)     (optional)",
                ]))
        missing += traffic.backends.filter { !$0.hasOther }.map { backend in
            let registration = backend.registration(for: color.other, like: adopted.servers).map {
                [
                    "or let runs put them there (docs/guide.md, Servers that runs put there), in environment.yaml: \($0)",
                    "  with `configuration: /etc/haproxy/haproxy.cfg` below `haproxy` of each load balancer, and in that "
                        + "file, where the backend's servers stand:",
                ] + ConfigurationLines(backend: backend.name).comments.map { "  " + $0 }
            }
            return Missing(
                "backend \(backend.name) lists no server of \(color.other): add them to haproxy.cfg of \(names), each "
                    + "with its address, and reload HAProxy", backend.lines(for: color.other) + (registration ?? []))
        }
        return missing
    }
}
