import Migration
import Testing

@testable import Provisioning

@Suite("Reports in SARIF")
struct SARIFTests {
    private func report(_ results: String, rules: String = "[]", more: String = "") throws -> ToolReport? {
        let run =
            #"{ "tool": { "driver": { "name": "scan", "version": "1.2", "rules": \#(rules) } }\#(more), "results": \#(results) }"#
        guard case .read(let report) = try SARIF.finding(in: #"{ "version": "2.1.0", "runs": [ \#(run) ] }"#) else {
            return nil
        }
        return report
    }

    private func absence(_ text: String) throws -> String? {
        guard case .absent(let reason) = try SARIF.finding(in: text) else { return nil }
        return reason
    }

    @Test("have results with level, rule, place and text")
    func result() throws {
        let report = try report(
            #"""
            [ { "ruleId": "R1", "level": "error", "message": { "text": "a secret\n  in clear" }, "locations": [
                { "physicalLocation": { "artifactLocation": { "uri": "main.tf" }, "region": { "startLine": 7 } } } ] },
              { "ruleId": "R2", "level": "note", "message": { "text": "n" } } ]
            """#)
        #expect(report?.tools == ["scan 1.2"])
        #expect(
            report?.results == [
                .init(.error, rule: "R1", at: "main.tf:7", "a secret in clear"), .init(.note, rule: "R2", "n"),
            ])
    }

    @Test("take a level that a result does not say from its rule, by index or id; without one it is a warning")
    func levels() throws {
        let rules =
            #"[ { "id": "A", "defaultConfiguration": { "level": "note" } }, { "id": "B", "defaultConfiguration": { "level": "error" }, "messageStrings": { "m": { "text": "of the rule" } } }, { "id": "C" } ]"#
        func level(_ result: String) throws -> ToolReport.Level? {
            try report(#"[ { "message": { "text": "t" }, \#(result) } ]"#, rules: rules)?.results.first?.level
        }
        #expect(try level(#""ruleIndex": 1"#) == .error)
        #expect(try level(#""ruleId": "A""#) == .note)
        #expect(try level(#""ruleId": "B/2""#) == .error)
        #expect(try level(#""rule": { "id": "B" }"#) == .error)
        #expect(try level(#""ruleId": "C""#) == .warning)
        #expect(try level(#""ruleId": "unknown""#) == .warning)
        #expect(try level(#""ruleId": "A", "level": "error""#) == .error)
        #expect(try level(#""ruleId": "A", "level": "fatal""#) == .error)
        let text = try report(#"[ { "ruleId": "B", "message": { "id": "m" } } ]"#, rules: rules)?.results.first?.text
        #expect(text == "of the rule")
    }

    @Test(
        "leave out what is no failure, is gone, or was accepted",
        arguments: [
            (#""kind": "pass""#, false), (#""kind": "review""#, false), (#""kind": "fail""#, true),
            (#""level": "none""#, false), (#""baselineState": "absent""#, false),
            (#""baselineState": "unchanged""#, true),
            (#""suppressions": []"#, true), (#""suppressions": [ { "kind": "inSource" } ]"#, false),
            (#""suppressions": [ { "kind": "external", "status": "accepted" } ]"#, false),
            (#""suppressions": [ { "kind": "external", "status": "underReview" } ]"#, true),
            (#""suppressions": [ { "kind": "inSource" }, { "kind": "external", "status": "rejected" } ]"#, true),
        ])
    func leftOut(more: String, counts: Bool) throws {
        let report = try report(#"[ { "ruleId": "R", "message": { "text": "t" }, \#(more) } ]"#)
        #expect(report?.results.count == (counts ? 1 : 0))
    }

    @Test("that are not whole are absent, whatever they hold")
    func absent() throws {
        #expect(try absence(#"{ "version": "2.1.0", "runs": [] }"#) == "it holds no run of a tool")
        let tool = #""tool": { "driver": { "name": "scan" } }"#
        #expect(
            try absence(#"{ "version": "2.1.0", "runs": [ { \#(tool) } ] }"#)
                == "the run of scan has no `results`, not even an empty list")
        #expect(try absence(#"{ "version": "2.1.0", "runs": [ { \#(tool), "results": null } ] }"#) != nil)
        #expect(
            try absence(
                #"{ "version": "2.1.0", "runs": [ { \#(tool), "results": [], "invocations": [ { "executionSuccessful": false } ] } ] }"#
            ) == "scan says that it did not come to its end")
        for text in ["", "{", "[]", "{}", #"{ "version": "2.0.0", "runs": [] }"#] {
            #expect(throws: Failure.self) { try SARIF.finding(in: text) }
        }
    }

    @Test("are as old as the oldest of their runs; one that says no time leaves the age open")
    func age() throws {
        func ended(_ ends: [String?]) throws -> Instant? {
            let runs = ends.map { end in
                let invocations = end.map {
                    #", "invocations": [ { "executionSuccessful": true, "endTimeUtc": "\#($0)" } ]"#
                }
                return #"{ "tool": { "driver": { "name": "a" } }, "results": []\#(invocations ?? "") }"#
            }
            let text = #"{ "version": "2.1.0", "runs": [ \#(runs.joined(separator: ", ")) ] }"#
            guard case .read(let report) = try SARIF.finding(in: text) else { return nil }
            return report.ended
        }
        #expect(try ended(["2026-11-30T10:00:00Z"]) == Instant("2026-11-30T10:00:00.000Z"))
        #expect(
            try ended(["2026-11-30T10:00:00Z", "2026-11-29T10:00:00.5Z"]) == Instant("2026-11-29T10:00:00.500Z"))
        #expect(try ended(["2026-11-30T10:00:00Z", nil]) == nil)
    }
}
