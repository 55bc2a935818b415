import Foundation
import Migration
import Testing

@testable import Provisioning

@Suite("Drift that Terraform reports")
struct TerraformDriftTests {
    private func drifts(_ changes: String...) throws -> [Drift] {
        let list = changes.joined(separator: ",")
        return try TerraformPlan(#"{"format_version":"1.2","resource_changes":[\#(list)]}"#, at: "plan").drifts
    }

    private func change(_ actions: String, _ rest: String) -> String {
        #"{"address":"aws_instance.a","mode":"managed","type":"aws_instance","change":{"actions":[\#(actions)],\#(rest)}}"#
    }

    @Test("names each attribute that differs, with both values")
    func attributes() throws {
        let drift = try drifts(
            change(
                #""update""#,
                #""before":{"size":2,"tags":{"a":"1"},"same":"x"},"after":{"size":3,"tags":{"a":"2"},"same":"x"}"#))
        #expect(
            drift == [
                Drift(
                    .servers, "aws_instance.a", "differs", diff: ["size: 2 → 3", #"tags: {"a":"1"} → {"a":"2"}"#],
                    remedy: .build)
            ])
    }

    @Test("never shows a value that Terraform calls sensitive, or holds a part that is")
    func sensitive() throws {
        let drift = try drifts(
            change(
                #""update""#,
                #"""
                "before":{"password":"old-secret","user":{"name":"a","key":"k-secret"}},
                "after":{"password":"new-secret","user":{"name":"b","key":"k-secret"}},
                "before_sensitive":{"password":true,"user":{"key":true}},"after_sensitive":{"password":true,"user":{"key":true}}
                """#))
        #expect(drift.first?.diff == ["password: (sensitive)", "user: (sensitive)"])
    }

    @Test("of a replacement shows its cause; what only an apply will know is shown where there is nothing else")
    func replacement() throws {
        let both = #""delete","create""#
        let caused = try drifts(
            change(
                both, #""before":{"id":"i-1","image":"a"},"after":{"image":"b"},"after_unknown":{"id":true,"tags":{}}"#)
        )
        #expect(caused.map(\.text) == ["would be replaced"])
        #expect(caused.map(\.diff) == [[#"image: "a" → "b""#]])
        let tainted = try drifts(change(both, #""before":{"id":"i-1"},"after":{},"after_unknown":{"id":true}"#))
        #expect(tainted.first?.diff == [#"id: "i-1" → (known after apply)"#])
    }

    @Test("distinguishes a server that is missing from one that is not described, and from one that is as it should be")
    func kinds() throws {
        let words = try drifts(
            change(#""create""#, #""before":null,"after":{"image":"a"}"#),
            change(#""delete""#, #""before":{"image":"a"},"after":null"#),
            change(#""no-op""#, #""before":{"image":"a"},"after":{"image":"a"}"#)
        ).map(\.text)
        #expect(words == ["is missing", "is not described"])
    }

    @Test("reports which servers a resource stands for, by its name, address or id")
    func servers() throws {
        let list = [
            change(#""delete","create""#, #""before":{"input":{"name":"blue-1"}},"after":{}"#),
            change(#""delete""#, #""before":{"private_ip":"10.0.0.2"},"after":null"#)
                .replacingOccurrences(of: "aws_instance.a", with: "aws_instance.b"),
            change(#""delete""#, #""before":{"note":"blue-1"},"after":null"#)
                .replacingOccurrences(of: "aws_instance.a", with: "aws_instance.c"),
        ].joined(separator: ",")
        let plan = try TerraformPlan(#"{"format_version":"1.2","resource_changes":[\#(list)]}"#, at: "plan")
        let inventory = Inventory(groups: [
            "agent": [Host(name: "blue-1", address: "10.0.0.1"), Host(name: "blue-2", address: "10.0.0.2")]
        ])
        #expect(
            plan.servers(inventory) == [
                "aws_instance.a": ["blue-1"], "aws_instance.b": ["blue-2"], "aws_instance.c": [],
            ])
    }
}
