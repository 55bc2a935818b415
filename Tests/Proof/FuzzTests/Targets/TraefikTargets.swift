import JSON
import Migration

@testable import LoadBalancing

let traefikTargets: [FuzzTarget] = [
    FuzzTarget(
        "traefik-report", tokens: ["\"weighted\"", "\"loadBalancer\"", "\"weight\":", "@file", "1m30s", "\"url\":"]
    ) {
        bytes in
        guard let report = try outcome({ try TraefikReport(try JSON(parsing: bytes)) }) else { return }
        let note = TraefikFile.Note(report.notes["rz-epoch-shop@file"] ?? [:])
        let look = TraefikLook(
            version: "3.7.15", report: report, counts: [:], gathered: .init(rates: [:], lastCheck: [:]), note: note)
        let servers = look.state.backends.values.flatMap(\.servers)
        try require(servers.allSatisfy { $0.group != nil && $0.counters.isQuiet }, "a server belongs to a child")
        let rules = [TrafficRule(backend: "shop@file", servers: [.blue: "shop-blue/*", .green: "shop-green/*"])]
        let obstacles = TraefikObstacles(
            name: "edge-1", rules: rules, look: look, path: "/nowhere/rz.yml", file: nil, reason: "fuzzed"
        ).all
        try require(obstacles.contains(where: \.isBlocking), "a file that is not there is in the way")
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
        file.note.epoch = EpochEntry(number: 8, owner: "me")
        for service in file.names {
            for child in file.children(of: service) ?? [] { _ = file.set(17, of: child.name, in: service) }
        }
        let again = try TraefikFile(file.text, environment: "shop")
        try require(again.names == file.names, "its services are read back")
        try require(again.note.epoch == file.note.epoch, "the epoch is read back")
        try require(
            again.names.allSatisfy { again.children(of: $0) == file.children(of: $0) }, "the weights are read back")
    },
]
