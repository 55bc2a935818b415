import Migration

extension EnvironmentFormat {
    /// The environment that a checked value describes; what contradicts itself becomes a problem.
    static func environment(_ value: Value, _ reader: inout Reader) -> Environment {
        var environment = Environment(name: value["name"]?.text ?? "")
        if let runbook = value["runbook"] { environment.runbook = runbook.text }
        if let clean = value["git", "requireClean"] { environment.git.requireClean = clean.flag }
        if let signed = value["git", "requireSigned"] { environment.git.requireSigned = signed.flag }
        environment.provision = provision(value["provision"], &reader)
        environment.configure = value["configure", "ansible"].map { ansible in
            Configure(
                playbook: ansible["playbook"]?.text ?? "", idempotenceCheck: ansible["idempotenceCheck"]?.flag ?? true,
                variables: ansible["variables"]?.settings ?? [:])
        }
        environment.platform = value["platform", "mesos"].map { mesos in
            Platform(mesosMaster: mesos["master"]?.setting, agentsAtLeast: mesos["agents", "atLeast"]?.integer ?? 1)
        }
        environment.services = services(value["services"], &reader)
        environment.loadBalancers = loadBalancers(value["loadBalancers"], &reader)
        environment.traffic = (value["traffic"]?.list ?? []).map { rule in
            TrafficRule(backend: rule["backend"]?.text ?? "", servers: colors(rule["servers"]) { $0.text })
        }
        if let gate = value["gates", "service"] { environment.gates.service = serviceGate(gate, &reader) }
        if let gate = value["gates", "cutOver"] { environment.gates.cutOver = cutOver(gate, &reader) }
        let drain = DrainPolicy()
        environment.drain = DrainPolicy(
            quiet: value["drain", "quiet"]?.period ?? drain.quiet,
            deadline: value["drain", "deadline"]?.period ?? drain.deadline,
            atDeadline: value["drain", "atDeadline"].flatMap { DrainPolicy.AtDeadline(rawValue: $0.text) }
                ?? drain.atDeadline)
        if let soak = value["soak"] { environment.soak = soak.period }
        for (key, rule) in value["approvals"]?.members ?? [] {
            guard let phase = Phase(rawValue: key) else { continue }
            environment.approvals[phase] = rule["waived"].map { .waived(reason: $0.text) } ?? .count(rule.integer)
        }
        if let minHealthy = value["limits", "minHealthy"] { environment.limits.minHealthy = minHealthy.integer }
        if let launches = value["limits", "launches"] { environment.limits.launches = launches.integer }
        return environment
    }

    private static func colors<Result>(_ value: Value?, _ convert: (Value) -> Result) -> [Color: Result] {
        var result: [Color: Result] = [:]
        for color in Color.allCases { result[color] = value?[color.rawValue].map(convert) }
        return result
    }

    private static func provision(_ value: Value?, _ reader: inout Reader) -> Provision {
        let terraform = value?["terraform"].map { terraform in
            TerraformRoot(
                root: terraform["root"]?.text ?? "", disks: terraform["disks"]?.text,
                variables: terraform["variables"]?.settings ?? [:], colors: colors(terraform["colors"]) { $0.settings })
        }
        let fixed = value?["static"].map { servers in
            StaticServers(
                command: servers["command"].map { $0.list.map(\.setting) },
                servers: colors(servers["servers"]) { inventory($0, &reader) })
        }
        if let value, terraform == nil, fixed == nil {
            reader.problem("`terraform` or `static` is needed here", at: value)
        }
        return Provision(terraform: terraform, static: fixed)
    }

    private static func inventory(_ value: Value, _ reader: inout Reader) -> Inventory {
        var inventory = Inventory()
        for (group, hosts) in value.members {
            for host in hosts.list {
                var fields = Dictionary(host.members.map { ($0.key, $0.value.text) }, uniquingKeysWith: { $1 })
                guard let name = fields.removeValue(forKey: "name"), let address = fields.removeValue(forKey: "address")
                else {
                    reader.problem("a server needs `name` and `address`", at: host)
                    continue
                }
                inventory.groups[group, default: []].append(Host(name: name, address: address, variables: fields))
            }
        }
        return inventory
    }

    private static func services(_ value: Value?, _ reader: inout Reader) -> ServiceRules {
        var rules = ServiceRules()
        for source in value?["sources"]?.list ?? [] {
            guard let marathon = source["marathon"] else {
                reader.problem("a source needs its kind: `marathon`", at: source)
                continue
            }
            rules.sources.append(
                .marathon(
                    .init(
                        url: marathon["url"]?.setting ?? "", group: marathon["group"]?.text ?? "/",
                        user: marathon["user"]?.setting, password: marathon["password"]?.setting)))
        }
        if rules.sources.count > 1, let second = value?["sources"]?.list[1] {
            reader.problem("more than one source is not supported yet by this version", at: second)
        }
        rules.ignore = value?["ignore"]?.list.map(\.text) ?? []
        for override in value?["overrides"]?.list ?? [] {
            guard let match = override["match"] else { continue }
            var rule = Override(match: .id(match.text))
            if let label = match["label"] {
                let halves = label.text.split(separator: "=", maxSplits: 1).map(String.init)
                if halves.count != 2 { reader.problem("a label is matched as key=value", at: label) }
                rule.match = .label(name: halves.first ?? "", value: halves.last ?? "")
            }
            rule.set = override["set"]?.settings ?? [:]
            rule.remove = override["remove"]?.list.map(\.text) ?? []
            rules.overrides.append(rule)
        }
        return rules
    }

    private static func loadBalancers(_ value: Value?, _ reader: inout Reader) -> [LoadBalancerAddress] {
        var names: Set<String> = []
        return (value?.list ?? []).map { balancer in
            let name = balancer["name"]?.text ?? ""
            if !names.insert(name).inserted { reader.problem("the load balancer \(name) is named twice", at: balancer) }
            return LoadBalancerAddress(
                name: LoadBalancerID(name), socket: balancer["haproxy", "socket"]?.setting ?? "",
                stateFile: balancer["haproxy", "stateFile"]?.setting, epochMap: balancer["haproxy", "epochMap"]?.setting
            )
        }
    }

    private static func serviceGate(_ value: Value, _ reader: inout Reader) -> ServiceGate {
        var gate = ServiceGate()
        if let period = value["healthy", "for"] { gate.healthyFor = period.period }
        if let passes = value["passes"] { gate.passes = passes.integer }
        for probe in value["probes"]?.list ?? [] {
            let timeout = probe["timeout"]?.period ?? .seconds(2)
            if let http = probe["http"] {
                gate.probes.append(
                    Probe(
                        .http(
                            url: http["url"]?.setting, path: http["path"]?.text ?? "/",
                            expect: http["expect"]?.integer ?? 200),
                        timeout: timeout))
            } else if let tcp = probe["tcp"] {
                gate.probes.append(Probe(.tcp(address: tcp["address"]?.setting), timeout: timeout))
            } else if let command = probe["command"] {
                gate.probes.append(Probe(.command(command.list.map(\.setting)), timeout: timeout))
            } else {
                reader.problem("a probe needs its kind: `http`, `tcp` or `command`", at: probe)
            }
        }
        return gate
    }

    private static func cutOver(_ value: Value, _ reader: inout Reader) -> CutOverGate {
        var gate = CutOverGate()
        if let steps = value["steps"] {
            gate.steps = steps.list.map {
                .init(weight: $0["weight"]?.percent ?? .none, bake: $0["bake"]?.period ?? .zero)
            }
            let weights = gate.steps.map(\.weight)
            if zip(weights, weights.dropFirst()).contains(where: { $0 >= $1 }) || weights.first == Percent.none {
                reader.problem("the weights of the steps must rise from more than 0%", at: steps)
            }
            if weights.last != .all { reader.problem("the last step must be 100%", at: steps) }
        }
        if let interval = value["interval"] { gate.interval = interval.period }
        for analysis in value["analysis"]?.list ?? [] {
            guard let haproxy = analysis["haproxy"] else {
                reader.problem("an analysis needs its kind: `haproxy`", at: analysis)
                continue
            }
            gate.analysis.append(
                .haproxy(
                    .init(
                        errorRate: haproxy["errorRate", "max"]?.percent,
                        responseTimeRatio: haproxy["responseTime", "maxRatioToLive"]?.number,
                        minRequests: haproxy["minRequests"]?.integer ?? 10,
                        whenIdle: haproxy["whenIdle"].flatMap { Analysis.HAProxy.WhenIdle(rawValue: $0.text) } ?? .hold)
                ))
        }
        return gate
    }
}
