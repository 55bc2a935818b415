import Migration
import Testing
import XML

@testable import LoadBalancing

@Suite("What the API of Elastic Load Balancing says")
struct ALBParsingTests {
    private func element(_ text: String) throws -> XMLElement { try XMLElement(parsing: Array(text.utf8)) }

    @Test("of a listener rule is its weights, whatever form they have")
    func rules() throws {
        func rule(_ actions: String) throws -> ALBRule {
            try #require(
                ALBRule(
                    try element(
                        "<m><RuleArn>arn:r/1</RuleArn><Priority>5</Priority><IsDefault>false</IsDefault><Actions>"
                            + actions + "</Actions></m>"), of: "arn:l"))
        }
        let weighed = try rule(
            """
            <member><Type>forward</Type><ForwardConfig><TargetGroups>
              <member><TargetGroupArn>a</TargetGroupArn><Weight>999</Weight></member>
              <member><TargetGroupArn>b</TargetGroupArn></member>
              <member><TargetGroupArn>c</TargetGroupArn><Weight>-99999999999999999999</Weight></member>
            </TargetGroups><TargetGroupStickinessConfig><Enabled>true</Enabled><DurationSeconds>60</DurationSeconds>
            </TargetGroupStickinessConfig></ForwardConfig></member>
            """)
        #expect(weighed.groups.map(\.weight) == [999, 1, 0])
        #expect(weighed.stickiness == .minutes(1))
        let words = weighed.action("Actions", ["b": 40]).map { "\($0.0)=\($0.1)" }
        let config = "Actions.member.1.ForwardConfig."
        #expect(
            words == [
                "Actions.member.1.Type=forward",
                config + "TargetGroups.member.1.TargetGroupArn=a", config + "TargetGroups.member.1.Weight=999",
                config + "TargetGroups.member.2.TargetGroupArn=b", config + "TargetGroups.member.2.Weight=40",
                config + "TargetGroups.member.3.TargetGroupArn=c", config + "TargetGroups.member.3.Weight=0",
                config + "TargetGroupStickinessConfig.Enabled=true",
                config + "TargetGroupStickinessConfig.DurationSeconds=60",
            ])
        let single = try rule("<member><Type>forward</Type><TargetGroupArn>a</TargetGroupArn></member>")
        #expect(single.groups == [.init(arn: "a", weight: 1)])
        #expect(single.action("Actions", [:]).count == 3)
        let other = try rule("<member><Type>authenticate-oidc</Type></member><member><Type>forward</Type></member>")
        #expect(other.actions == ["authenticate-oidc", "forward"])
        #expect(other.groups.isEmpty)
        #expect(ALBRule(try element("<m><Priority>1</Priority></m>"), of: "arn:l") == nil)
    }

    @Test(
        "of a target's health is believed where a check said it, and nowhere else",
        arguments: [
            ("healthy", true, ServerState.Operation.up, ServerState.Check.passed), ("healthy", false, .up, .none),
            ("unhealthy", true, .down, .failed), ("initial", true, .up, .pending), ("unused", true, .down, .failed),
            ("draining", true, .stopping, .pending), ("unhealthy.draining", true, .down, .failed),
            ("unavailable", true, .up, .none), ("something new", true, .down, .failed),
        ])
    func health(state: String, hasCheck: Bool, operation: ServerState.Operation, check: ServerState.Check) throws {
        let target = try #require(
            ALBTarget(
                try element(
                    "<m><Target><Id>10.0.0.1</Id><Port>80</Port></Target><TargetHealth><State>\(state)</State>"
                        + "</TargetHealth></m>")))
        #expect(target.operation == operation)
        #expect(target.check(hasCheck) == check)
        let server = ServerState(
            name: "a", address: target.address, weight: 1, operation: operation, check: target.check(hasCheck))
        #expect(server.isUp == ["healthy", "unavailable"].contains(state))
    }

    @Test("of a target's address is its id and its port")
    func addresses() throws {
        for (id, port, address) in [
            ("10.0.0.1", "80", "10.0.0.1:80"), ("i-0a1b", "8080", "i-0a1b:8080"), ("fd00::1", "80", "[fd00::1]:80"),
            ("arn:aws:lambda:x", "", "arn:aws:lambda:x"),
        ] {
            let words = port.isEmpty ? "" : "<Port>\(port)</Port>"
            let target = ALBTarget(try element("<m><Target><Id>\(id)</Id>\(words)</Target></m>"))
            #expect(target?.address == address)
            #expect(target?.check(true) == .failed)
        }
    }

    @Test("in ARNs leads from a rule to its listener and its load balancer")
    func arns() throws {
        let start = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:"
        let rule = try #require(ALBArn(start + "listener-rule/app/edge/50dc/f2f7/9683"))
        #expect(rule.listener == start + "listener/app/edge/50dc/f2f7")
        #expect(rule.loadBalancer == start + "loadbalancer/app/edge/50dc")
        #expect(rule.region == "eu-central-1" && !rule.isListener)
        #expect(ALBArn(start + "listener/app/edge/50dc/f2f7")?.isListener == true)
        #expect(ALBArn(start + "listener/app/edge/50dc/f2f7")?.listener == start + "listener/app/edge/50dc/f2f7")
        for text in [
            "", "443/10", start, start + "listener-rule/net/edge/50dc/f2f7/9683", start + "loadbalancer/app/edge/50dc",
            start + "listener-rule/app/edge/50dc/f2f7", start + "listener-rule/app//50dc/f2f7/9683",
            "arn:aws:iam:eu-central-1:1:listener/app/edge/50dc/f2f7",
        ] {
            #expect(ALBArn(text) == nil, "\(text)")
        }
    }

    @Test("in tags is rz's note of one environment; what is not rz's is left alone")
    func note() throws {
        let tags = [
            "rz-epoch-shop": "7@me", "rz-epoch-other": "9@you", "Name": "edge",
            "rz-resting-shop/shop-blue/9683": "drain:40",
            "rz-resting-shop-2/shop-blue/9683": "maint:1", "rz-resting-shop/broken/1": "on fire",
        ]
        let note = ALBNote(tags, environment: "shop")
        #expect(note.epoch == EpochEntry(number: 7, owner: "me"))
        #expect(note.resting == ["rz-resting-shop/shop-blue/9683": Resting(administration: .drain, weight: 40)])
        var other = note
        other.epoch = EpochEntry(number: 8, owner: "me")
        other.resting = ["rz-resting-shop/shop-green/9683": Resting(administration: .maint, weight: 0)]
        #expect(
            other.additions(to: note).map { "\($0.0)=\($0.1)" } == [
                "rz-epoch-shop=8@me", "rz-resting-shop/shop-green/9683=maint:0",
            ])
        #expect(other.removals(from: note) == ["rz-resting-shop/shop-blue/9683"])
        #expect(note.additions(to: note).isEmpty && note.removals(from: note).isEmpty)
    }

    @Test(
        "of an error is what to do about it",
        arguments: [
            (400, "Throttling", Failure.Kind.transient, "rate-limiting"),
            (503, "SlowDown", .transient, "rate-limiting"),
            (400, "RequestLimitExceeded", .transient, "rate-limiting"),
            (403, "ExpiredToken", .permanent, "have expired"),
            (403, "SignatureDoesNotMatch", .permanent, "rejected the credentials"),
            (403, "AccessDenied", .permanent, "does not allow ModifyRule"),
            (400, "RuleNotFound", .permanent, "nothing of that name"),
            (400, "ValidationError", .permanent, "rejected the request"),
            (500, "InternalFailure", .unknownEffect, "rejected the request"),
        ])
    func faults(status: Int, code: String, kind: Failure.Kind, words: String) throws {
        let error = try element("<Error><Code>\(code)</Code><Message>secret words</Message></Error>")
        let fault = ELBFault(name: "edge-1", place: "https://api", action: "ModifyRule", onlyAsks: false)
        let failure = fault.failure(status, error)
        #expect(failure.kind == kind)
        #expect(failure.summary.contains(words))
        #expect(code == "SignatureDoesNotMatch" ? failure.details.isEmpty : true)
        let question = ELBFault(name: "edge-1", place: "https://api", action: "DescribeRules", onlyAsks: true)
        #expect(question.failure(502, nil).kind == .transient)
    }
}
