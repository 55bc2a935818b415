import JSON
import Migration

extension EnvironmentFormat {
    /// The environment that a checked value describes; what contradicts itself becomes a problem.
    static func environment(_ value: Value, _ reader: inout Reader) -> Environment {
        var environment = Environment(name: value["name"]?.text ?? "")
        if let runbook = value["runbook"] { environment.runbook = runbook.text }
        if let clean = value["git", "requireClean"] { environment.git.requireClean = clean.flag }
        if let signed = value["git", "requireSigned"] { environment.git.requireSigned = signed.flag }
        let tls = value["tls"].map { TLSFormat.rules($0, &reader) }
        environment.tls = tls
        environment.pass = value["pass"].map { names in names.list.map(\.text) }
        environment.proxy = value["proxy"].map { proxy in
            ProxyRules(url: proxy["url"]?.setting ?? "", except: proxy["except"]?.list.map(\.text))
        }
        environment.provision = provision(value["provision"], &reader)
        environment.configure = value["configure", "ansible"].map { configure($0, &reader) }
        environment.platform = value["platform", "mesos"].map { mesos in
            var platform = Platform(mesosMaster: mesos["master"]?.setting)
            platform.user = mesos["user"]?.setting
            platform.password = mesos["password"]?.setting
            platform.tls = TLSFormat.rules(mesos, url: "master", standard: tls, &reader)
            platform.leaders = mesos["leaders"]?.list.map(\.text)
            platform.mesosVersion = mesos["version"]?.text
            if let count = mesos["agents", "atLeast"] { platform.agentsAtLeast = count.integer }
            for member in mesos["agents", "attributes"]?.members ?? [] {
                platform.agentAttributes[member.key] = member.value.text
            }
            return platform
        }
        if let services = value["services"] { environment.services = ServicesFormat.rules(services, tls, &reader) }
        refuseUnwatchedCompose(value, environment, &reader)
        environment.loadBalancers = loadBalancers(value["loadBalancers"], tls, &reader)
        environment.traffic = traffic(value["traffic"], on: environment.loadBalancers, &reader)
        environment.ignoreBackends = value["ignoreBackends"].map { backends in
            backends.list.map {
                IgnoredBackend(backend: $0["backend"]?.text ?? "", reason: $0["reason"]?.text ?? "")
            }
        }
        if let gates = value["gates"] {
            environment.gates = GatesFormat.gates(gates, tls, environment.traffic, &reader)
        }
        if let quiet = value["drain", "quiet"] { environment.drain.quiet = quiet.period }
        if let deadline = value["drain", "deadline"] { environment.drain.deadline = deadline.period }
        if let choice = value["drain", "atDeadline"].flatMap({ DrainPolicy.AtDeadline(rawValue: $0.text) }) {
            environment.drain.atDeadline = choice
        }
        if let soak = value["soak"] { environment.soak = soak.period }
        environment.drillEvery = value["drill", "every"]?.period
        environment.approvers = value["approvers"].map { ApprovalsFormat.approvers($0, &reader) }
        for member in value["approvals"]?.members ?? [] {
            environment.approvals[PhaseID(rawValue: member.key)] = ApprovalsFormat.rule(member.value)
        }
        ApprovalsFormat.check(value, environment, &reader)
        if let limits = value["limits"] {
            environment.limits = LimitsFormat.limits(limits, tls, environment.traffic, &reader)
        }
        environment.policies = value["policies"].map { PoliciesFormat.rules($0, &reader) }
        return environment
    }

    /// mesos-compose answers as one that has no services when its Redis is gone: only Mesos can report what runs then.
    private static func refuseUnwatchedCompose(_ value: Value, _ environment: Environment, _ reader: inout Reader) {
        let sources = value["services", "sources"]?.list ?? []
        guard environment.platform?.mesosMaster == nil, let compose = sources.lazy.compactMap({ $0["compose"] }).first
        else { return }
        reader.problem(
            "`compose` needs `platform.mesos`: without its Redis mesos-compose reports no service, and only Mesos "
                + "knows better. Add `platform: { mesos: { master: \"http://{{ control[0].address }}:5050\" } }`",
            at: compose)
    }

    static func colors<Result>(_ value: Value?, _ convert: (Value) -> Result) -> [Color: Result] {
        var result: [Color: Result] = [:]
        for color in Color.allCases { result[color] = value?[color.rawValue].map(convert) }
        return result
    }

    private static func provision(_ value: Value?, _ reader: inout Reader) -> Provision {
        let terraform = value?["terraform"].map { TerraformFormat.root($0, &reader) }
        if let terraform, let disks = value?["terraform", "disks"], sameFolder(disks.text, terraform.root) {
            reader.problem(
                "the data disks need a root module of their own: the servers' is destroyed in tearDown", at: disks)
        }
        let fixed = value?["static"].map { servers in
            StaticServers(
                command: servers["command"].map { $0.list.map(\.setting) },
                servers: colors(servers["servers"]) { inventory($0, &reader) })
        }
        return Provision(terraform: terraform, static: fixed)
    }

    /// Whether two paths name one folder, as far as their text shows.
    private static func sameFolder(_ left: String, _ right: String) -> Bool {
        func parts(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }
        return parts(left) == parts(right) && left.hasPrefix("/") == right.hasPrefix("/")
    }

    private static func inventory(_ value: Value, _ reader: inout Reader) -> Inventory {
        var inventory = Inventory()
        var addresses: [String: String] = [:]
        for group in value.members {
            inventory.groups[group.key] = group.value.list.map { server in
                let host = host(server)
                if let other = addresses.updateValue(host.address, forKey: host.name), other != host.address {
                    reader.problem("the server \(host.name) has another address above: \(other)", at: server)
                }
                return host
            }
        }
        return inventory
    }

    private static func host(_ value: Value) -> Host {
        var variables: [String: String] = [:]
        var structured: [String] = []
        for (key, value) in value.members.map({ ($0.key, $0.value) }) where key != "name" && key != "address" {
            if let json = value.json, json.string == nil {
                variables[key] = json.compact
                structured.append(key)
            } else {
                variables[key] = value.text
            }
        }
        return Host(
            name: value["name"]?.text ?? "", address: value["address"]?.text ?? "", variables: variables,
            structured: structured)
    }

    private static func configure(_ ansible: Value, _ reader: inout Reader) -> Configure {
        var configure = Configure(playbook: ansible["playbook"]?.text ?? "")
        if let check = ansible["idempotenceCheck"] {
            configure.idempotenceCheck = check["except"] != nil || check.flag
            configure.exceptions = check["except"].map { exceptions($0, &reader) }
        }
        configure.inventory = ansible["inventory"]?.text
        configure.hostAddress = ansible["hostAddress"].flatMap { Configure.HostAddress(rawValue: $0.text) }
        configure.variables = ansible["variables"]?.settings ?? [:]
        return configure
    }

    private static func exceptions(_ value: Value, _ reader: inout Reader) -> [IdempotenceException] {
        var subjects: Set<IdempotenceException.Subject> = []
        return value.list.map { exception in
            let subject: IdempotenceException.Subject =
                exception["task"].map { .task($0.text) } ?? .tag(exception["tag"]?.text ?? "")
            if !subjects.insert(subject).inserted {
                reader.problem("\(subject) is excepted twice", at: exception)
            }
            return IdempotenceException(subject, reason: exception["reason"]?.text ?? "")
        }
    }
}

extension ServicesFormat {
    /// - Parameter tls: what holds for the whole environment.
    static func rules(_ value: Value, _ tls: TLSRules?, _ reader: inout Reader) -> ServiceRules {
        let sources = (value["sources"]?.list ?? []).compactMap { source($0, tls, &reader) }
        let values = (value["sources"]?.list ?? []).filter { $0["declared"] == nil }
        refuseAlike(sources, values, &reader)
        let declared = declared(value["sources"]?.list ?? [], tls, &reader)
        if sources.isEmpty, !declared.isEmpty, let place = value["sources"] {
            reader.problem("a source that launches services is missing: `declared` is only moved by others", at: place)
        }
        return ServiceRules(
            sources: sources,
            ignore: value["ignore"]?.list.map(\.text) ?? [],
            overrides: (value["overrides"]?.list ?? []).map { override in
                Override(
                    match: match(override["match"]), set: override["set"]?.settings ?? [:],
                    remove: override["remove"]?.list.map(\.text) ?? [],
                    mode: override["mode"].flatMap { ServiceMode(rawValue: $0.text) },
                    accept: accepted(override["accept"]))
            }, declared: declared.isEmpty ? nil : declared, keep: value["keep"]?.flag)
    }

    private static func accepted(_ value: Value?) -> [Finding.Kind: String] {
        var accepted: [Finding.Kind: String] = [:]
        for member in value?.members ?? [] {
            if let kind = Finding.Kind(rawValue: member.key) { accepted[kind] = member.value.text }
        }
        return accepted
    }

    private static func match(_ value: Value?) -> Override.Match {
        guard let label = value?["label"] else { return .id(value?.text ?? "") }
        let halves = label.text.split(separator: "=", maxSplits: 1).map(String.init)
        return .label(name: halves.first ?? "", value: halves.last ?? "")
    }
}
