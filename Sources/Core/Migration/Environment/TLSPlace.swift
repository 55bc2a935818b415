/// A place of an environment that rz calls over TLS.
public struct TLSPlace: Sendable, Hashable {
    /// What holds `tls` in environment.yaml: `services.sources[].marathon`.
    public var key: String
    /// An https:// URL or `host:port`; nil for the servers that load balancers list.
    public var address: Setting?
    public var rules: TLSRules?
    /// Whether only the new color's servers are called.
    public var isProbe: Bool

    public init(key: String, address: Setting?, rules: TLSRules?, isProbe: Bool = false) {
        self.key = key
        self.address = address
        self.rules = rules
        self.isProbe = isProbe
    }
}

extension Environment {
    /// Every place that speaks TLS, or may: a URL that begins with a reference may, as only the reference shows it.
    public var tlsPlaces: [TLSPlace] {
        var places: [TLSPlace] = []
        func add(_ key: String, url: Setting?, _ rules: TLSRules?, isProbe: Bool = false) {
            guard let url, !url.text.lowercased().hasPrefix("http://") else { return }
            places.append(TLSPlace(key: key, address: url, rules: rules, isProbe: isProbe))
        }
        add("platform.mesos", url: platform?.mesosMaster, platform?.tls)
        for source in services.sources {
            let key = "services.sources[].\(source.name)"
            switch source {
            case .marathon(let marathon):
                add(key, url: marathon.url, marathon.tls)
                add(key, url: marathon.login, marathon.tls)
            case .metronome(let access), .chronos(let access): add(key, url: access.url, access.tls)
            case .compose(let compose):
                add(key, url: compose.access.url, compose.access.tls)
                add(key + ".mesos", url: compose.mesos?.url, compose.mesos?.tls)
                if let redis = compose.redis, let rules = redis.tls {
                    places.append(TLSPlace(key: key + ".redis", address: redis.address, rules: rules))
                }
            }
        }
        for kind in loadBalancers.map(\.kind) {
            switch kind {
            case .haproxy: break
            case .traefik(let traefik):
                add("loadBalancers[].traefik", url: traefik.api, traefik.tls)
                if case .redis(let redis) = traefik.store, let rules = redis.tls {
                    places.append(
                        TLSPlace(key: "loadBalancers[].traefik.redis", address: redis.address, rules: rules))
                }
            case .alb(let alb): add("loadBalancers[].alb", url: alb.url, alb.tls)
            }
        }
        for probe in gates.service.probes { places += probe.tlsPlaces(at: "gates.service.probes[]") }
        for probe in gates.platform?.probes ?? [] { places += probe.tlsPlaces(at: "gates.platform.probes[]") }
        for probe in gates.cutOver.analysis.compactMap(\.probe) {
            places += probe.tlsPlaces(at: "gates.cutOver.analysis[]")
        }
        for query in limits.peaks ?? [] { places += query.probe.tlsPlaces(at: "limits.peaks[]") }
        for declared in services.declared ?? [] {
            places += declared.probe.tlsPlaces(at: "services.sources[].declared[].probe")
        }
        return places
    }

    /// Where no certificate is verified, and why, one sentence each: what no plan may hide.
    public var insecurePlaces: [String] {
        tlsPlaces.compactMap { place in
            guard let reason = place.rules?.insecure else { return nil }
            let address = place.address.map { " (\($0))" } ?? ""
            return "\(place.key)\(address): certificates are not verified, as environment.yaml says: \(reason)"
        }
    }
}

extension Runbook {
    /// As `Environment.insecurePlaces`, of steps that make requests.
    public var insecurePlaces: [String] {
        steps.compactMap { step in
            guard case .http(let work) = step.work, let reason = work.tls?.insecure else { return nil }
            return "the step \(step.id) (\(work.url)): certificates are not verified, as the runbook says: \(reason)"
        }
    }
}

/// What the server of a place showed when it was called over TLS.
public struct CertificateSighting: Sendable, Hashable {
    /// The key of its place.
    public var place: String
    /// `host:port`.
    public var server: String
    /// When its certificate, or one between it and its authority, ends; nil where none was shown.
    public var ends: Instant?
    /// Why rz does not take it, with what to do; nil where it does.
    public var problem: String?

    public init(place: String, server: String, ends: Instant? = nil, problem: String? = nil) {
        self.place = place
        self.server = server
        self.ends = ends
        self.problem = problem
    }

    /// How long before its end a certificate is reported.
    public static let notice = Period(milliseconds: 30 * 86_400_000)

    /// What a person should know; nil where all is well for `notice`.
    public func warning(at now: Instant) -> String? {
        if let problem { return "\(place): \(problem)" }
        guard let ends, ends < now + CertificateSighting.notice else { return nil }
        let day = ends.description.prefix(10)
        return ends < now
            ? "\(place): the certificate of \(server) expired on \(day)"
            : "\(place): the certificate of \(server) expires on \(day); renew it before, or rz can't call it any more"
    }
}

extension Probe {
    /// A URL may speak TLS by itself, any other address where `tls` says so.
    fileprivate func tlsPlaces(at key: String) -> [TLSPlace] {
        func place(_ kind: String, url: Setting?) -> [TLSPlace] {
            guard let url else { return place(kind, address: nil) }
            if url.text.lowercased().hasPrefix("http://") { return [] }
            return [TLSPlace(key: "\(key).\(kind)", address: url, rules: tls, isProbe: true)]
        }
        func place(_ kind: String, address: Setting?) -> [TLSPlace] {
            tls == nil ? [] : [TLSPlace(key: "\(key).\(kind)", address: address, rules: tls, isProbe: true)]
        }
        return switch kind {
        case .http(let url, _, _, _): place("http", url: url)
        case .tcp(let address): place("tcp", address: address)
        case .redis(let redis): place("redis", address: redis.address)
        case .vault(let url): place("vault", url: url)
        case .traefik(let traefik): place("traefik", url: traefik.url)
        case .prometheus(let query): place("prometheus", url: query.url)
        case .command, .zooKeeper, .mesosDNS: []
        }
    }
}
