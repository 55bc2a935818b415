import Migration
import XML

@testable import LoadBalancing

let albTargets: [FuzzTarget] = [
    FuzzTarget(
        "alb-rules",
        tokens: [
            "<member>", "</member>", "<Weight>", "<TargetGroupArn>", "<ForwardConfig>", "<![CDATA[", "&#", "99999",
        ]
    ) {
        bytes in
        guard let root = try outcome({ try XMLElement(parsing: bytes) }) else { return }
        for element in root.members("Rules") {
            guard let rule = ALBRule(element, of: "arn:l") else { continue }
            try require(rule.groups.allSatisfy { (0...999).contains($0.weight) }, "a weight is from 0 to 999")
            try require((rule.stickiness ?? .zero) <= .hours(24 * 7), "a cookie lasts a week at most")
            let sent = rule.action("Actions", [:])
            let weights = sent.filter { $0.0.hasSuffix(".Weight") }.map { Int($0.1) }
            try require(weights == rule.groups.map(\.weight), "what is not changed is sent as it is")
        }
    },
    FuzzTarget(
        "alb-health",
        tokens: ["<State>", "healthy", "draining", "<Id>", "<Port>", "unused", "<Target>", "</Target>", "::"]
    ) {
        bytes in
        guard let root = try outcome({ try XMLElement(parsing: bytes) }) else { return }
        for element in root.members("TargetHealthDescriptions") {
            guard let target = ALBTarget(element) else { continue }
            let server = ServerState(
                name: "g/\(target.address)", address: target.address, weight: 1, operation: target.operation,
                check: target.check(true))
            try require(
                !server.isUp || ["healthy", "unavailable"].contains(target.state),
                "only what a check found healthy is up")
            try require(!target.address.isEmpty, "a target stands somewhere")
        }
    },
]
