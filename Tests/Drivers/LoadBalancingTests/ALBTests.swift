import ALBTesting
import Migration
import Testing
import Waiting

@testable import LoadBalancing

/// Each test has a load balancer and four servers of its own.
private func withALB(
    stickiness: Int = 0, isDefault: Bool = false, extra: [String] = [], token: String? = nil, denied: [String] = [],
    groups: [StandInALB.Group] = [], attributes: [String: String] = [:],
    _ body: (ALBConformance) async throws -> Void
) async throws {
    let servers = try await ColorServers()
    defer { servers.stop() }
    try await ALBConformance.with(
        servers, stickiness: stickiness, isDefault: isDefault, extra: extra, token: token, denied: denied,
        groups: groups, attributes: attributes, body)
}

@Suite("An AWS ALB", .serialized, .enabled(if: StandInALB.isHere, "there is no moto: run scripts/setup"))
struct ALBTests {
    @Test("is moved by its listener's default rule, too")
    func defaultRule() async throws {
        try await withALB(isDefault: true) { lab in
            let driver = lab.own(rule: lab.alb.arns["listener"])
            try await lab.setWeights(blue: 30, green: 70, driver)
            #expect(try await lab.alb.weights() == ["shop-blue": 30, "shop-green": 70])
            #expect(try await lab.alb.calls()["ModifyRule"] == nil)
            #expect(
                try await lab.own(rule: lab.alb.rule).observe().backends["shop"]?.servers.map(\.weight).sorted() == [
                    30, 30, 70, 70,
                ])
        }
    }

    @Test("takes temporary credentials; what is wrong with credentials is said without them")
    func credentials() async throws {
        let token = "a-token/of+a=session"
        try await withALB(token: token) { lab in
            #expect(try await lab.weights(.blue, lab.own(token: token)) == [100])
            for driver in [lab.own(), lab.own(secret: "another-secret", token: token), lab.own(token: "stale")] {
                let failure = try await #require(throws: Failure.self) { _ = try await driver.observe() }
                #expect(failure.summary.hasPrefix("The API of edge-1 rejected the credentials ("))
                #expect(!"\(failure)".contains(token) && !"\(failure)".contains("secret of") && failure.details.isEmpty)
                #expect(failure.kind == .permanent)
            }
        }
    }

    @Test("that asks for patience is asked again; one that goes on so is a passing failure")
    func throttled() async throws {
        try await withALB { lab in
            let driver = lab.own()
            try await lab.alb.order("throttle/4")
            try await driver.apply(try await lab.changes(.green, .weight(7), driver), epoch: 1)
            #expect(try await lab.weights(.green, driver) == [7])
            try await lab.alb.order("throttle/1000")
            let failure = try await #require(throws: Failure.self) { _ = try await lab.own().observe() }
            #expect(failure.summary == "The API of edge-1 is rate-limiting requests (ThrottlingException)")
            #expect(failure.kind == .transient)
            try await lab.alb.order("throttle/0")
        }
    }

    @Test("gets a change once, also where its answer leaves open what happened; a question is asked again")
    func once() async throws {
        try await withALB { lab in
            let driver = lab.own()
            try await driver.apply([], epoch: 1)
            let wanted = try await lab.changes(.green, .weight(7), driver)
            try await lab.alb.order("failing/ModifyRule")
            let failure = try await #require(throws: Failure.self) { try await driver.apply(wanted, epoch: 1) }
            #expect(failure.kind == .unknownEffect)
            #expect(failure.details == ["InternalFailure: Something broke"])
            #expect(try await lab.alb.calls()["ModifyRule"] == 1)
            try await lab.alb.order("failing/none")
            try await lab.alb.order("fail/2")
            #expect(try await lab.weights(.green, lab.own()) == [0])
        }
    }

    @Test("keeps the stickiness of its rule, which the plan names, and whose users the drain waits for")
    func stickiness() async throws {
        try await withALB(stickiness: 3600) { lab in
            let driver = lab.own()
            try await lab.setWeights(blue: 50, green: 50, driver)
            let warnings = try await driver.observeObstacles([lab.rule]).filter { !$0.isBlocking }.map(\.text)
            #expect(warnings.contains { $0.contains("by the cookie AWSALBTG for 1h") })
            #expect(try await driver.observe().unseenFor == .hours(1))
        }
    }

    @Test("notes who is out of service in tags, and forgets it when someone else gives weight")
    func note() async throws {
        try await withALB { lab in
            let driver = lab.own()
            try await driver.apply(try await lab.changes(.blue, .administration(.maint), driver), epoch: 3)
            #expect(try await lab.alb.weights() == ["shop-blue": 0, "shop-green": 0])
            try await driver.apply(try await lab.changes(.blue, .weight(40), driver), epoch: 3)
            #expect(try await lab.alb.weights()["shop-blue"] == 0)
            #expect(
                Set(try await lab.servers(.blue, driver).map { "\($0.administration) \($0.weight)" }) == ["maint 40"])
            try await lab.alb.order("set/shop-blue/33")
            try await eventually("the weight") { try await lab.weights(.blue, driver) == [33] }
            #expect(Set(try await lab.servers(.blue, driver).map(\.administration)) == [.ready])
            try await driver.apply([], epoch: 3)
            #expect(try await lab.alb.tags().keys.sorted() == ["rz-epoch-shop"])
        }
    }

    @Test("takes a whole target group out of service, never one server, and no servers in or out")
    func parts() async throws {
        try await withALB { lab in
            let driver = lab.own()
            let first = try #require(try await lab.servers(.blue, driver).first)
            for change in [ServerChange.Change.administration(.drain), .remove, .shutdownSessions, .weight(1000)] {
                let failure = try await #require(throws: Failure.self) {
                    try await driver.apply(
                        [ServerChange(backend: "shop", server: first.name, change: change)], epoch: 1)
                }
                #expect(failure.kind == .refused, "\(failure)")
            }
            #expect(try await lab.weights(.blue, driver) == [100])
        }
    }

    @Test("is asked seldom enough for the limits of its API, however many look")
    func pace() async throws {
        try await withALB { lab in
            let driver = lab.own()
            _ = try await driver.observe()
            let (before, began) = (try await lab.alb.calls(), ContinuousClock.now)
            var calls = before
            try await eventually("six looks are asked of the API") {
                _ = try await driver.observe()
                calls = try await lab.alb.calls()
                return calls["DescribeRules", default: 0] - before["DescribeRules", default: 0] >= 6
            }
            // AWS grants ten a second. A slow machine only makes it fewer.
            let passed = ContinuousClock.now - began
            let asked = calls.values.reduce(0, +) - before.values.reduce(0, +)
            #expect(.milliseconds(100) * asked <= passed + .seconds(1), "\(asked) questions in \(passed)")
            #expect(calls["DescribeListeners"] == before["DescribeListeners"])
        }
    }

    @Test("whose API forbids a change says which, and what is to be allowed")
    func denied() async throws {
        try await withALB(denied: ["AddTags"]) { lab in
            let failure = try await #require(throws: Failure.self) { try await lab.own().apply([], epoch: 1) }
            #expect(failure.summary == "The API of edge-1 does not allow AddTags")
            #expect(failure.advice?.contains("elasticloadbalancing:AddTags") == true)
        }
    }

    @Test("shows rules that have no name by port and priority, so that a backend that no rule moves is found")
    func others() async throws {
        try await withALB(extra: ["shop-blue"]) { lab in
            let state = try await lab.own().observe()
            #expect(state.backends.keys.sorted() == ["80/20", "shop"])
            #expect(state.backends["80/20"]?.servers.count == 2)
        }
    }

    @Test("has obstacles in words", arguments: obstacles)
    fileprivate func obstacle(_ one: ExpectedObstacle) async throws {
        try await withALB(groups: one.groups, attributes: one.attributes) { lab in
            let driver = lab.own()
            let texts = try await driver.observeObstacles([one.rule ?? lab.rule]).filter {
                $0.isBlocking == one.isBlocking
            }
            .map(\.text)
            #expect(texts.contains { $0.contains(one.text) }, "\(texts)")
        }
    }

    @Test("is refused under names that are no rule's")
    func names() async throws {
        try await withALB { lab in
            let wrong = try await #require(throws: Failure.self) {
                _ = try await lab.own(rule: "arn:aws:elasticloadbalancing:eu-central-1:1:listener-rule/net/a/b/c/d")
                    .observe()
            }
            #expect(wrong.summary.contains("is no ARN of a listener rule"))
            let elsewhere = try await #require(throws: Failure.self) {
                _ = try await lab.own(region: "us-east-1").observe()
            }
            #expect(elsewhere.summary.hasSuffix("of shop is in eu-central-1, and `region` is us-east-1"))
            let gone = lab.alb.rule + "0"
            let texts = try await lab.own(rule: gone).observeObstacles([lab.rule]).filter(\.isBlocking).map(\.text)
            #expect(texts.contains { $0.contains("has no listener rule \(gone)") }, "\(texts)")
            let nowhere = try await #require(throws: Failure.self) {
                _ = try await lab.own(endpoint: lab.alb.url).observe()
            }
            #expect(
                nowhere.summary.contains("answered something else") || nowhere.summary.contains("rejected the request"))
        }
    }
}

private struct ExpectedObstacle: Sendable, CustomStringConvertible {
    var text: String
    var isBlocking = true
    var rule: TrafficRule?
    var groups: [StandInALB.Group] = []
    var attributes: [String: String] = [:]

    var description: String { text }
}

private let obstacles = [
    ExpectedObstacle(
        text: "forwards to no target group with servers of green (green/*)",
        rule: TrafficRule(backend: "shop", servers: [.blue: "shop-blue/*", .green: "green/*"])),
    ExpectedObstacle(
        text: "has servers of both colors: it needs two",
        rule: TrafficRule(backend: "shop", servers: [.blue: "*127.0.0.1:*", .green: "*127.0.0.2:*"])),
    ExpectedObstacle(
        text: "of neither color: it keeps its weight and its users", isBlocking: false,
        groups: [StandInALB.Group("other", ["127.0.0.9:80"], weight: 1)]),
    ExpectedObstacle(
        text: "has no targets: what builds its servers must register them", isBlocking: false,
        rule: TrafficRule(backend: "shop", servers: [.blue: "shop-blue/*", .green: "empty/*"]),
        groups: [StandInALB.Group("empty", [], weight: 0)]),
    ExpectedObstacle(
        text: "keeps users at one target by the cookie AWSALB", isBlocking: false,
        attributes: ["stickiness.enabled": "true", "stickiness.type": "lb_cookie"]),
    ExpectedObstacle(
        text: "has a slow start of 30 s", isBlocking: false, attributes: ["slow_start.duration_seconds": "30"]),
    ExpectedObstacle(
        text: "counts as quiet once it has had no weight for 2m", isBlocking: false,
        attributes: ["deregistration_delay.timeout_seconds": "120"]),
]
