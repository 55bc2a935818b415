/// Where who asks, or another secret, crosses a network in clear: what no plan may hide.
extension Environment {
    /// One sentence each. An address that only a secret holds is left out, and so is this host itself.
    ///
    /// - Parameter inventories: whose servers stand in addresses; those of colors that have none yet are left out.
    public func clearPlaces(_ inventories: [Inventory]) -> [String] {
        var places: [ClearPlace] = []
        func add(_ key: String, _ url: Setting?, _ isAsked: Bool) {
            guard let url else { return }
            places.append(ClearPlace(key: key, address: url, isURL: true, holdsSecret: isAsked))
        }
        func add(_ key: String, _ access: ServiceSource.Access?) {
            add(key, access?.url, access?.user != nil || access?.token != nil)
        }
        add("platform.mesos", platform?.mesosMaster, platform?.user != nil)
        for source in services.sources {
            let key = "services.sources[].\(source.name)"
            switch source {
            case .marathon(let marathon):
                add(key, marathon.url, marathon.user != nil || marathon.token != nil)
                add(key + ".login", marathon.login, true)
            case .metronome(let access), .chronos(let access): add(key, access)
            case .compose(let compose):
                add(key, compose.access)
                add(key + ".mesos", compose.mesos)
                if let redis = compose.redis, redis.tls == nil {
                    places.append(
                        ClearPlace(
                            key: key + ".redis", address: redis.address, isURL: false,
                            holdsSecret: redis.password != nil))
                }
            }
        }
        for case .alb(let alb) in loadBalancers.map(\.kind) where alb.sessionToken != nil {
            add("loadBalancers[].alb", alb.url, true)
        }
        for case .traefik(let traefik) in loadBalancers.map(\.kind) {
            guard case .redis(let redis) = traefik.store, redis.tls == nil else { continue }
            places.append(
                ClearPlace(
                    key: "loadBalancers[].traefik.redis", address: redis.address, isURL: false,
                    holdsSecret: redis.password != nil))
        }
        let probes =
            gates.service.probes.map { ("gates.service.probes[]", $0) }
            + (gates.platform?.probes ?? []).map { ("gates.platform.probes[]", $0) }
            + (services.declared ?? []).map { ("services.sources[].declared[].probe", $0.probe) }
            + gates.cutOver.analysis.compactMap(\.probe).map { ("gates.cutOver.analysis[]", $0) }
            + (limits.peaks ?? []).map { ("limits.peaks[]", $0.probe) }
        places += probes.compactMap { ClearPlace($1, at: $0) }
        return ClearPlace.sentences(places, inventories)
    }
}

extension Runbook {
    /// As `Environment.clearPlaces`, of steps that make requests.
    public func clearPlaces(_ inventories: [Inventory]) -> [String] {
        let places = steps.compactMap { step -> ClearPlace? in
            guard case .http(let work) = step.work else { return nil }
            return ClearPlace(
                key: "the step \(step.id)", address: RunWords.placeholders.fill(work.url), isURL: true,
                holdsSecret: work.holdsSecret)
        }
        return ClearPlace.sentences(places, inventories)
    }
}

/// A place that rz calls.
private struct ClearPlace {
    var key: String
    var address: Setting
    /// Whether `address` says itself how it is called; else it is called in clear.
    var isURL: Bool
    /// Whether it is sent one, what its URL holds aside.
    var holdsSecret: Bool

    static func sentences(_ places: [ClearPlace], _ inventories: [Inventory]) -> [String] {
        places.flatMap { place -> [String] in
            let hosts = Set(inventories.compactMap(place.host))
            return hosts.sorted().map { host in
                "\(place.key): the credentials for \(host) would cross the network unencrypted; use "
                    + (place.isURL ? "https://" : "`tls`") + ", or a tunnel"
            }
        }
    }

    /// The host that receives a secret unencrypted; nil for none.
    private func host(_ inventory: Inventory) -> String? {
        // Of what a reference holds nothing is to be known here.
        guard let text = try? inventory.fill(address, { _ in "…" }) else { return nil }
        var rest = Substring(text)
        if isURL {
            guard text.lowercased().hasPrefix("http://") else { return nil }
            rest = rest.dropFirst("http://".count).prefix { !"/?#".contains($0) }
        }
        let at = rest.lastIndex(of: "@")
        let host = at.map { String(rest[rest.index(after: $0)...]) } ?? String(rest)
        guard holdsSecret || at != nil, !host.contains("…"), !Loopback.holds(host) else { return nil }
        return host
    }
}

extension ClearPlace {
    fileprivate init?(_ probe: Probe, at key: String) {
        switch probe.kind {
        case .http(let url?, _, _, let headers):
            self.init(
                key: key + ".http", address: url, isURL: true,
                holdsSecret: headers.values.contains(where: \.refersToSecret))
        case .prometheus(let query):
            self.init(
                key: key + ".prometheus", address: query.url, isURL: true,
                holdsSecret: query.user != nil || query.token != nil)
        case .traefik(let traefik):
            self.init(key: key + ".traefik", address: traefik.url, isURL: true, holdsSecret: traefik.user != nil)
        case .redis(let redis) where probe.tls == nil:
            self.init(
                key: key + ".redis", address: redis.address, isURL: false, holdsSecret: redis.password != nil)
        default: return nil
        }
    }
}
