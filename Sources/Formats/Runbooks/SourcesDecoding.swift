import Migration

extension ServicesFormat {
    static func source(_ value: Value, _ tls: TLSRules?, _ reader: inout Reader) -> ServiceSource? {
        if let marathon = value["marathon"] {
            var source = ServiceSource.Marathon(url: marathon["url"]?.setting ?? "")
            if let group = marathon["group"] { source.group = group.text }
            source.user = marathon["user"]?.setting
            source.password = marathon["password"]?.setting
            source.token = marathon["token"]?.setting
            source.login = marathon["login"]?.setting
            source.tls = TLSFormat.rules(marathon, url: "url", standard: tls, &reader)
            source.leaders = marathon["leaders"]?.list.map(\.text)
            refuseHalf(marathon, &reader)
            return .marathon(source)
        }
        if let metronome = value["metronome"] { return .metronome(access(metronome, tls, &reader)) }
        if let chronos = value["chronos"] { return .chronos(access(chronos, tls, &reader)) }
        return value["compose"].map { .compose(compose($0, tls, &reader)) }
    }

    private static func access(
        _ value: Value, _ tls: TLSRules?, _ reader: inout Reader
    ) -> ServiceSource.Access {
        refuseHalf(value, &reader)
        return ServiceSource.Access(
            url: value["url"]?.setting ?? "", user: value["user"]?.setting, password: value["password"]?.setting,
            token: value["token"]?.setting,
            tls: TLSFormat.rules(value, url: "url", standard: tls, &reader),
            leaders: value["leaders"]?.list.map(\.text))
    }

    private static func compose(
        _ value: Value, _ tls: TLSRules?, _ reader: inout Reader
    ) -> ServiceSource.Compose {
        func patterns(_ value: Value) -> [String] { value.list.isEmpty ? [value.text] : value.list.map(\.text) }
        var source = ServiceSource.Compose(
            access: access(value, tls, &reader), files: value["files"].map(patterns) ?? [],
            projects: value["projects"].map { projects in
                Dictionary(uniqueKeysWithValues: projects.members.map { ($0.key, patterns($0.value)) })
            })
        source.framework = value["framework"]?.text
        if let prefix = value["prefix"] { source.prefix = prefix.text }
        source.mesos = value["mesos"].map { access($0, tls, &reader) }
        source.redis = value["redis"].map { redis in
            var source = ServiceSource.Redis(address: redis["address"]?.setting ?? "")
            source.password = redis["password"]?.setting
            if let database = redis["database"] { source.database = database.integer }
            source.tls = redis["tls"] == nil ? nil : TLSFormat.rules(redis, standard: tls, &reader)
            return source
        }
        return source
    }

    /// What others move, of all sources together.
    static func declared(_ sources: [Value], _ tls: TLSRules?, _ reader: inout Reader) -> [DeclaredService] {
        var names: Set<String> = []
        return sources.flatMap { $0["declared"]?.list ?? [] }.map { value in
            if let name = value["name"], !names.insert(name.text).inserted {
                reader.problem("\(name.text) is declared twice", at: name)
            }
            let service = DeclaredService(
                name: value["name"]?.text ?? "",
                mover: value["by"].flatMap { DeclaredService.Mover(rawValue: $0.text) } ?? .hand,
                method: value["how"]?.text ?? "", tasks: value["tasks"]?.list.map(\.text) ?? [],
                probe: value["probe"].map { ProbesFormat.probe($0, tls, &reader) } ?? Probe(.command([])))
            if let probe = value["probe"] {
                ProbesFormat.refuseRelative(service.probe, probe, "no load balancer lists it", &reader)
            }
            return service
        }
    }

    /// Ways to say who asks that contradict each other or lack a part.
    private static func refuseHalf(_ source: Value, _ reader: inout Reader) {
        if let token = source["token"], source["user"] != nil || source["login"] != nil {
            reader.problem("`token` stands in the place of `user`, `password` and `login`", at: token)
        }
        if let login = source["login"], source["user"] == nil || source["password"] == nil {
            reader.problem("`login` needs `user` and `password`", at: login)
        }
    }

    /// Two sources whose services could not be distinguished by their ids.
    static func refuseAlike(_ sources: [ServiceSource], _ values: [Value], _ reader: inout Reader) {
        guard sources.count == values.count else { return }
        for (index, source) in sources.enumerated() {
            guard sources[..<index].contains(where: { source.isLike($0) }) else { continue }
            reader.problem(
                "the services of this source can't be distinguished from those of one above"
                    + (source.name == "marathon" ? ": give each Marathon a `group` of its own" : ""), at: values[index])
        }
    }
}

extension ServiceSource {
    fileprivate func isLike(_ other: ServiceSource) -> Bool {
        guard case .marathon(let one) = self, case .marathon(let two) = other else { return name == other.name }
        let groups = [one.group, two.group].map { $0 == "/" ? "/" : $0 + "/" }
        return groups[0].hasPrefix(groups[1]) || groups[1].hasPrefix(groups[0])
    }
}
