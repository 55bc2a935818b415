import Migration
import Operations
import Transport

@testable import LoadBalancing

let haproxyTargets: [FuzzTarget] = [
    FuzzTarget("haproxy-sections", tokens: ["\n\n", "[3]: ", "# ", "1\n"]) { bytes in
        for count in 1...4 {
            guard let sections = RuntimeReply.sections(of: bytes, count: count) else { continue }
            try require(sections.count == count, "as many answers as commands")
        }
    },
    FuzzTarget("haproxy-changes", tokens: ["[3]: ", "[6]: ", "\n\n", "Trailing garbage in weight string\n"]) { bytes in
        let replies = RuntimeReply.toChanges(bytes)
        try require(replies.count <= bytes.count, "a reply is at least its newline")
        for reply in replies { _ = RuntimeReply.advice(for: reply) }
    },
    FuzzTarget("haproxy-servers", tokens: ["# be_id ", "be_name", "srv_uweight", " - ", "::1", "1\n"]) { bytes in
        guard let records = try outcome({ try ServerRecord.all(in: bytes.text) }) else { return }
        for record in records {
            try require((0...256).contains(record.weight), "a weight is one that HAProxy can have")
            try require(!record.backend.isEmpty && !record.name.isEmpty, "a server has a name")
        }
        let changes = records.map { ServerChange(backend: $0.backend, server: $0.name, change: .weight($0.weight)) }
        if Set(records.map { "\($0.backend)/\($0.name)" }).count == records.count {
            try ReadBack(changes).compare(with: records, on: "edge-1", .unix(path: "/a"))
        }
        _ = try outcome {
            try ReadBack(changes).compare(with: [], on: "edge-1", .unix(path: "/a"))
            return true
        }
        let rules = [TrafficRule(backend: "be_shop", servers: [.blue: "blue-*", .green: "green-*"])]
        let before = observation(records, .seconds(0))
        let after = observation(records, .seconds(10))
        _ = trafficSamples(from: before, to: after, rules: rules)
    },
    FuzzTarget("haproxy-statistics", tokens: ["# pxname", ",BACKEND,", "\"\"", "req_tot", "rtime", ",,,,"]) { bytes in
        guard let statistics = try outcome({ try Statistics(bytes.text) }) else { return }
        try judgeTwice(statistics)
    },
    FuzzTarget("haproxy-sessions", tokens: [" fe=", " be=", " srv=", "src=", "age=", "=", "0x"]) { bytes in
        for session in SessionLine.all(in: bytes.text) {
            try require(session.description.utf8.count <= bytes.count + 20, "a session is no longer than its line")
        }
    },
    FuzzTarget("haproxy-epoch", tokens: ["type=", "found=yes", "value=\"", ", "]) { bytes in
        let answer = bytes.text
        let entry = EpochMap.entry(in: answer)
        try require(entry == nil || MapEntry.value(in: answer) != nil, "only an entry has an epoch")
        try require(MapEntry.value(in: answer) == nil || MapEntry.exists(in: answer), "only a map has entries")
    },
    FuzzTarget("haproxy-map", tokens: ["epoch", "epoch ", "\tepoch", "#", "\r\n"]) { bytes in
        let once = MapEntry.contents(bytes.text, "epoch-shop", "8@me")
        try require(once.utf8.last == 10, "a map ends with a newline")
        try require(MapEntry.contents(once, "epoch-shop", "8@me") == once, "setting the epoch again changes nothing")
    },
    FuzzTarget("haproxy-names", tokens: ["be_shop", "unix:", "tcp:", "[::1]", ":", ";", " "]) { bytes in
        let text = bytes.text
        if let address = SocketAddress(text) {
            try require(SocketAddress(address.description) != nil, "an address is read back: \(address)")
        }
        let change = ServerChange(backend: text, server: text, change: .weight(1))
        let isName = try outcome {
            try change.validate(for: "edge-1")
            return true
        }
        guard isName == true else { return }
        let line = RuntimeCommand.line(of: RuntimeCommand.change(change))
        try require(!line.contains("\n") && line.count { $0 == ";" } == 1, "a name can't hold a command")
    },
]

private func observation(_ records: [ServerRecord], _ time: Period) -> TrafficObservation {
    var backends: [String: BackendState] = [:]
    for record in records {
        backends[record.backend, default: BackendState(servers: [])].servers.append(
            ServerState(name: record.name, address: record.address, weight: record.weight))
    }
    return TrafficObservation(
        time: Instant(milliseconds: 0) + time,
        states: ["edge-1": LoadBalancerState(version: "2.6", backends: backends)])
}

/// Counters go straight into the sums and rates that decide over a cutover.
private func judgeTwice(_ statistics: Statistics) throws {
    let backend = "be_shop"
    func state(_ factor: Int) -> LoadBalancerState {
        let servers = statistics.counters.map { server, counters in
            ServerState(
                name: server.name, address: "", weight: 1, counters: factor == 0 ? ServerCounters() : counters)
        }
        return LoadBalancerState(version: "2.6", backends: [backend: BackendState(servers: servers)])
    }
    let before = TrafficObservation(time: Instant(milliseconds: 0), states: ["edge-1": state(0)])
    let after = TrafficObservation(time: Instant(milliseconds: 1000), states: ["edge-1": state(1)])
    let rules = [TrafficRule(backend: backend, servers: [.blue: "b*", .green: "g*"])]
    var tally = TrafficTally(rules: rules)
    for (seconds, factor) in [(0, 0), (1, 1), (2, 0), (3, 1)] as [(Int64, Int)] {
        tally.add(state(factor), of: "edge-1", at: .seconds(seconds))
    }
    let targets = TrafficTargets(
        found: FoundTraffic(before, rules), rules: rules, direction: Direction(from: .blue), minHealthy: 1)
    let judgement = TrafficJudgement(tally, targets, share: Percent(50), now: .seconds(3))
    let limits = Analysis.LoadBalancers(errorRate: Percent(1), responseTimeRatio: 1.2)
    for finding in judgement.findings([.loadBalancers(limits)]) {
        try require(finding.sample.value.map { $0.isFinite && $0 >= 0 } ?? true, "a measured value is a number")
    }
    for sample in trafficSamples(from: before, to: after, rules: rules) {
        try require((0...1).contains(sample.errorRate), "an error rate is from 0 to 1")
    }
}
