import JSON
import Migration

/// Load balancers, and the rules by which traffic moves on them.
extension EnvironmentFormat {
    /// - Parameter tls: what holds for the whole environment.
    static func loadBalancers(
        _ value: Value?, _ tls: TLSRules?, _ reader: inout Reader
    ) -> [LoadBalancerAddress] {
        var names: Set<String> = []
        var owners: [[String]: String] = [:]
        return (value?.list ?? []).map { balancer in
            if let name = balancer["name"], !names.insert(name.text).inserted {
                reader.problem("the load balancer \(name.text) is listed twice", at: name)
            }
            for (key, harm) in [
                ("socket", "both would be one HAProxy"),
                ("stateFile", "what is kept for one would be the other's after a reload"),
            ] {
                guard let place = balancer["haproxy", key], !place.isBroken, place.members.isEmpty,
                    let owner = owners.updateValue(balancer["name"]?.text ?? "", forKey: [key, place.text])
                else { continue }
                reader.problem("\(owner) has this \(key), too: \(harm)", at: place)
            }
            let name = LoadBalancerID(balancer["name"]?.text ?? "")
            if let alb = balancer["alb"] {
                return LoadBalancerAddress(name: name, .alb(albAddress(alb, tls, &reader)))
            }
            if let traefik = balancer["traefik"] {
                return LoadBalancerAddress(name: name, .traefik(traefikAddress(traefik, tls, &reader)))
            }
            return LoadBalancerAddress(name: name, .haproxy(haproxy(balancer["haproxy"])))
        }
    }

    private static func traefikAddress(
        _ value: Value, _ tls: TLSRules?, _ reader: inout Reader
    ) -> LoadBalancerAddress.Traefik {
        let store =
            value["redis"].map { LoadBalancerAddress.Traefik.Store.redis(redis($0, tls, &reader)) }
            ?? .file(value["file"]?.setting ?? "")
        return LoadBalancerAddress.Traefik(
            api: value["api"]?.setting ?? "", store, metrics: value["metrics"]?.setting, user: value["user"]?.setting,
            password: value["password"]?.setting, tls: TLSFormat.rules(value, url: "api", standard: tls, &reader))
    }

    private static func redis(
        _ value: Value, _ tls: TLSRules?, _ reader: inout Reader
    ) -> LoadBalancerAddress.Traefik.Redis {
        if let address = value["address"], address.text.contains("://") {
            reader.problem(
                "write the address as host:port; what rediss:// says stands in keys of its own: `tls: {}`, `user`, "
                    + "`password`, `database`", at: address)
        }
        var redis = LoadBalancerAddress.Traefik.Redis(
            address: value["address"]?.setting ?? "", user: value["user"]?.setting,
            password: value["password"]?.setting,
            tls: value["tls"] == nil ? nil : TLSFormat.rules(value, standard: tls, &reader))
        if let root = value["rootKey"] { redis.rootKey = root.text }
        if let database = value["database"] { redis.database = database.integer }
        return redis
    }

    private static func albAddress(
        _ value: Value, _ tls: TLSRules?, _ reader: inout Reader
    ) -> LoadBalancerAddress.ALB {
        return LoadBalancerAddress.ALB(
            region: value["region"]?.text ?? "", rules: value["rules"]?.settings ?? [:],
            accessKey: value["accessKey"]?.setting ?? "", secretKey: value["secretKey"]?.setting ?? "",
            sessionToken: value["sessionToken"]?.setting, endpoint: value["endpoint"]?.setting,
            tls: TLSFormat.rules(value, url: "endpoint", standard: tls, &reader))
    }

    private static func haproxy(_ value: Value?) -> LoadBalancerAddress.HAProxy {
        let none = value?["stateFile", "none"]
        let forgets = value?["configuration", "none"]
        return LoadBalancerAddress.HAProxy(
            socket: value?["socket"]?.setting ?? "",
            stateFile: none == nil ? value?["stateFile"]?.setting : nil, withoutStateFile: none?.text,
            configuration: forgets == nil ? value?["configuration"]?.setting : nil, withoutConfiguration: forgets?.text,
            epochMap: value?["epochMap"]?.setting, master: value?["master"]?.setting,
            hardStopAfter: value?["hardStopAfter"]?.period)
    }

    static func traffic(
        _ value: Value?, on loadBalancers: [LoadBalancerAddress], _ reader: inout Reader
    ) -> [TrafficRule] {
        let names = loadBalancers.map(\.name)
        var backends: Set<String> = []
        var owners: [[String]: TrafficRule] = [:]
        return (value?.list ?? []).map { rule in
            if let backend = rule["backend"], !backends.insert(backend.text).inserted {
                let remedy =
                    rule["switch"] == nil
                    ? "one rule moves it on all load balancers that it names under `loadBalancers`"
                    : "a switch may have any name, so give each rule its own"
                reader.problem("the backend \(backend.text) is listed twice: \(remedy)", at: backend)
            }
            for name in rule["loadBalancers"]?.list ?? [] where !names.contains(LoadBalancerID(name.text)) {
                reader.problem("there is no load balancer \(name.text) under `loadBalancers`", at: name)
            }
            let registration = registration(rule["switch", "servers"] ?? rule["servers"], &reader)
            var servers = colors(rule["servers"]) { $0.text }
            if rule["switch"] == nil {
                for (color, registration) in registration { servers[color] = registration.pattern }
            }
            if let place = rule["servers"], servers[.blue] == servers[.green] {
                reader.problem("both colors have the same pattern, so no server belongs to either", at: place)
            }
            for (color, registration) in registration
            where rule["switch"] == nil && registration.pattern.allSatisfy({ $0 == "*" }) {
                reader.problem(
                    "every name fits “\(registration.name)”, so no server belongs to \(color.other); say which: "
                        + "`matches: \"\(color)-*\"`", at: rule["servers", color.rawValue, "name"] ?? rule)
            }
            let switching = rule["switch"].map { trafficSwitch($0, &reader) }
            let read = TrafficRule(
                backend: rule["backend"]?.text ?? "", servers: switching?.servers ?? servers,
                persistence: rule["persistence"].flatMap { TrafficRule.Persistence(rawValue: $0.text) },
                anyAddress: rule["addresses", "any"]?.text,
                loadBalancers: rule["loadBalancers"]?.list.map { LoadBalancerID($0.text) }, switching: switching,
                registration: registration.isEmpty ? nil : registration)
            refuseOtherKinds(read, rule, loadBalancers.filter { read.isOn($0.name) }, &reader)
            refuseSharing(read, rule, names, &owners, &reader)
            return read
        }
    }

    /// A backend of a load balancer that two rules move: neither would know what the other did.
    ///
    /// - Parameter owners: by load balancer and backend, as it is called there, the rule that was read before.
    private static func refuseSharing(
        _ rule: TrafficRule, _ value: Value, _ loadBalancers: [LoadBalancerID], _ owners: inout [[String]: TrafficRule],
        _ reader: inout Reader
    ) {
        for color in Color.allCases {
            let backend = rule.switching?.backends[color] ?? rule.backend
            guard let place = value["switch", "backends", color.rawValue] ?? value["backend"] else { continue }
            let shared = loadBalancers.filter(rule.isOn).compactMap { name -> (LoadBalancerID, TrafficRule)? in
                let owner = owners.updateValue(rule, forKey: [name.text, backend])
                return owner.flatMap { $0.backend == rule.backend ? nil : (name, $0) }
            }
            guard let (name, other) = shared.first else { continue }
            let remedy =
                rule.switching == nil || other.switching == nil
                ? "Move it in one of them"
                : "Let all frontends ask for the same entry of one map, and move them in one rule"
            reader.problem("\(backend) on \(name) is moved by \(other.backend), too. \(remedy)", at: place)
        }
    }

    private static func registration(_ servers: Value?, _ reader: inout Reader) -> [Color: ServerRegistration] {
        var registration: [Color: ServerRegistration] = [:]
        for color in Color.allCases {
            guard let value = servers?[color.rawValue] else { continue }
            let source: ServerRegistration.Source
            if let service = value["tasks"] {
                source = .tasks(ServiceID(service.text))
            } else if let group = value["from"] {
                source = .group(group.text)
                check(value["port"], ofGroup: group.text, &reader)
            } else {
                continue
            }
            registration[color] = ServerRegistration(
                source, port: value["port"]?.text ?? "0", name: value["name"]?.text ?? "\(color)-{{ name }}",
                matches: value["matches"]?.text, options: value["options"]?.list.map(\.text))
        }
        return registration
    }

    private static func check(_ port: Value?, ofGroup group: String, _ reader: inout Reader) {
        guard let port, !port.isBroken else { return }
        if port.text == "0" {
            reader.problem("0 is the port of no server; for the first port of a task write `tasks`", at: port)
        } else if Int(port.text) == nil, !port.text.contains("{{") {
            reader.problem(
                "servers of \(group) have no port named \(port.text): write a number, or a variable of each, "
                    + "`{{ \(port.text) }}`; ports have names where `tasks` stands in place of `from`", at: port)
        }
    }

    /// What a kind of load balancer has no such thing of.
    private static func refuseOtherKinds(
        _ rule: TrafficRule, _ value: Value, _ loadBalancers: [LoadBalancerAddress], _ reader: inout Reader
    ) {
        let matcher = Matcher()
        for balancer in loadBalancers {
            switch balancer.kind {
            case .haproxy:
                let names = [value["backend"]] + rule.patterns(in: value)
                for name in names.compactMap({ $0 }) where !matcher.fits(name.text, .haproxyName) {
                    reader.problem(
                        "\(balancer.name) is an HAProxy: \(Pattern.haproxyName.advice). Name those that have it under "
                            + "`loadBalancers`", at: name)
                }
            case .traefik(let traefik):
                if let place = value["switch"] {
                    reader.problem(
                        "\(balancer.name) is a Traefik, which has no maps: write `servers`, or name those that have the "
                            + "switch under `loadBalancers`", at: place)
                } else if rule.registration != nil, let place = value["servers"] {
                    reader.problem(
                        "\(balancer.name) is a Traefik, whose servers stand in the configuration of each color's service: write "
                            + "a pattern, or name those that have the backend under `loadBalancers`", at: place)
                } else if let backend = value["backend"], !rule.backend.hasSuffix(traefik.suffix) {
                    let name = rule.backend.prefix { $0 != "@" }
                    reader.problem(
                        "\(balancer.name) is a Traefik: its weighted services are named with their provider, "
                            + "`\(name)\(traefik.suffix)`; or name those that have it under `loadBalancers`",
                        at: backend)
                }
            case .alb(let alb):
                if let place = value["switch"] {
                    reader.problem(
                        "\(balancer.name) is an ALB, which has no maps: write `servers`, or name those that have the "
                            + "switch under `loadBalancers`", at: place)
                } else if rule.registration != nil, let place = value["servers"] {
                    reader.problem(
                        "\(balancer.name) is an ALB, whose servers are registered in target groups by what builds them: "
                            + "write a pattern, or name those that have the backend under `loadBalancers`", at: place)
                } else if let backend = value["backend"], alb.rules[rule.backend] == nil {
                    reader.problem(
                        "\(balancer.name) is an ALB: name the listener rule of \(rule.backend) under its `rules`, or name "
                            + "those that have the backend under `loadBalancers`", at: backend)
                }
            }
        }
    }

    private static func trafficSwitch(_ value: Value, _ reader: inout Reader) -> TrafficSwitch {
        let backends = colors(value["backends"]) { $0.text }
        let values = value["values"].map { colors($0) { $0.text } }
        if backends[.blue] == backends[.green], let place = value["backends"] {
            reader.problem("both colors have the same backend, so there is nothing to switch", at: place)
        }
        if let values, values[.blue] == values[.green], let place = value["values"] {
            reader.problem("both colors have the same value, so the entry says nothing", at: place)
        }
        return TrafficSwitch(
            map: value["map"]?.setting ?? "", key: value["key"]?.text ?? "", backends: backends, values: values,
            withoutFile: value["mapFile", "none"]?.text)
    }
}

extension Reader {
    /// That a backend which is named elsewhere in the environment stands under `traffic`.
    mutating func check(_ backend: Value, isIn traffic: [TrafficRule]) {
        guard !traffic.contains(where: { $0.backend == backend.text }) else { return }
        problem(
            "there is no backend \(backend.text) under `traffic`", at: backend,
            suggestion: nearest(backend.text, in: traffic.map(\.backend)))
    }
}

extension TrafficRule {
    /// The patterns of servers as they are written.
    fileprivate func patterns(in value: Value) -> [Value?] {
        Color.allCases.map { color in
            registration?[color] == nil ? value["servers", color.rawValue] : value["servers", color.rawValue, "matches"]
        }
    }
}
