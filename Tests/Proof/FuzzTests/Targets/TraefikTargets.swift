import JSON
import Migration

@testable import LoadBalancing

let traefikTargets: [FuzzTarget] = [
    FuzzTarget(
        "traefik-report", tokens: ["\"weighted\"", "\"loadBalancer\"", "\"weight\":", "@file", "1m30s", "\"url\":"]
    ) {
        bytes in
        guard let report = try outcome({ try TraefikReport(try JSON(parsing: bytes)) }) else { return }
        let note = TraefikNote(report.notes["rz-epoch-shop@file"] ?? [:])
        let look = TraefikLook(
            version: "3.7.15", report: report, counts: [:], gathered: .init(rates: [:], lastCheck: [:]), note: note)
        let servers = look.state.backends.values.flatMap(\.servers)
        try require(servers.allSatisfy { $0.group != nil && $0.counters.isQuiet }, "a server belongs to a child")
        let rules = [TrafficRule(backend: "shop@file", servers: [.blue: "shop-blue/*", .green: "shop-green/*"])]
        let store = TraefikFileStore(name: "edge-1", path: "/nowhere/rz.yml", environment: "shop").words
        let obstacles = TraefikObstacles(
            name: "edge-1", rules: rules, look: look, store: store, held: nil, difference: nil, ofStore: []
        ).all
        try require(obstacles.allSatisfy { $0.text.hasPrefix("edge-1: ") }, "an obstacle says where it is")
        let missing = TraefikKeys([], root: "traefik", environment: "shop", services: ["shop"]).missing(from: report)
        try require(
            missing.count == report.names(of: "@redis").reduce(0) { $0 + $1.names.count },
            "what is served and not held is missing")
    },
    FuzzTarget(
        "traefik-metrics", tokens: ["traefik_service_requests_total{", "service=\"", "\"} ", "code=\"5", "1e+300"]
    ) {
        bytes in
        let metrics = TraefikMetrics(bytes.text)
        for count in metrics.counts.values {
            try require(count.requests >= 0 && count.bytesOut >= 0, "nothing is counted below 0")
            try require(count.byClass.values.reduce(0, +) <= count.requests, "a request has one status")
        }
        let gathered = TraefikMemory().gather(metrics, at: .now)
        try require(gathered.rates.values.allSatisfy { $0 == 0 }, "one look shows no rate")
        try require(gathered.lastCheck == metrics.lastCheck, "one look recalls nothing")
    },
    FuzzTarget(
        "traefik-file", tokens: ["http:", "services:", "weighted:", "weight: ", "Rz-Epoch", "Rz-Resting", "=maint:4"]
    ) {
        bytes in
        guard var file = try outcome({ try TraefikFile(bytes.text, environment: "shop") }) else { return }
        file.holdings.note.epoch = EpochEntry(number: 8, owner: "me")
        for (service, children) in file.holdings.services {
            for child in children { _ = file.holdings.set(17, of: child.name, in: service) }
        }
        let again = try TraefikFile(file.text, environment: "shop")
        try require(again.holdings == file.holdings, "what is written is read back")
    },
    FuzzTarget(
        "traefik-keys",
        tokens: ["traefik/http/services/shop/weighted/services/", "/name", "/weight", "Rz-Epoch", "Rz-Resting", "\n"]
    ) { bytes in
        var values: [String: String] = [:]
        for line in bytes.text.split(separator: "\n") {
            guard let space = line.firstIndex(of: " ") else { continue }
            values[String(line[..<space])] = String(line[line.index(after: space)...])
        }
        let keys = TraefikKeys(Set(values.keys), root: "traefik", environment: "shop", services: ["shop"])
        guard let held = try outcome({ try keys.holdings(values) }), var wanted = held else { return }
        try require(keys.changes(to: wanted, from: values).set.allSatisfy { $0.key.contains("/Rz-") }, "weights stay")
        wanted.note.epoch = EpochEntry(number: 8, owner: "me")
        for (service, children) in wanted.services {
            for child in children { _ = wanted.set(17, of: child.name, in: service) }
        }
        let changes = keys.changes(to: wanted, from: values)
        for (key, value) in changes.set { values[key] = value }
        for key in changes.delete { values[key] = nil }
        let again = TraefikKeys(Set(values.keys), root: "traefik", environment: "shop", services: ["shop"])
        try require(try again.holdings(values) == wanted, "what is written is read back")
    },
]
