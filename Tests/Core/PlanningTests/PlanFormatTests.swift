import Foundation
import JSON
import Migration
import Operations
import Testing

@testable import Planning

/// Golden plans with everything in them, as each format writes them. One of a released format is never written again;
/// with `RZ_UPDATE_GOLDEN=1` today's is, and the test fails.
@Suite("The format of plans")
struct PlanFormatTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    private static let newest = "plan-v3-outputs.json"

    private static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: name)))
    }

    /// Each enum's names, by where it stands: the tables in Migration/Formats.
    private static let types: Set<String> = [
        // steps[].action
        "check", "buildDisks", "buildServers", "configure", "awaitPlatform", "launch", "awaitServices", "readyTraffic",
        "shift", "handOver", "drain", "soak", "stopServices", "destroyServers", "approval", "exec", "http", "wait",
        "window",
        // outputs of a program or a request
        "text", "integer", "boolean",
        // environment.approvals, and what the idempotence check lets pass
        "count", "others", "needed", "waived", "task", "tag",
        // environment.provision.terraform.backend: Terraform's own names
        "pg",
        // environment.policies.reports
        "file", "program",
        // environment.services
        "marathon", "metronome", "chronos", "compose", "id", "label",
        // environment.gates
        "tcp", "command", "zooKeeper", "mesosDNS", "redis", "vault", "traefik", "prometheus", "haproxy",
    ]

    @Test("is what it was: every key and every word")
    func golden() throws {
        var plan = FullPlan.plan
        plan.id = try plan.sealedID()
        let text = try PlanCoding.text(of: plan) + "\n"
        let file = Self.folder.appending(path: Self.newest)
        if ProcessInfo.processInfo.environment["RZ_UPDATE_GOLDEN"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
            Issue.record("\(Self.newest) was written, and compared with nothing")
        }
        #expect(text == (try String(contentsOf: file, encoding: .utf8)), "differs from \(file.path)")
    }

    @Test(
        "stays readable, as the same plan",
        arguments: [
            "plan-cff9a7f.json", "plan-v2.json", "plan-v3.json", "plan-v3-drifts.json", "plan-v3-switches.json",
            "plan-v3-registration.json", "plan-v3-prometheus.json", "plan-v3-limits.json", "plan-v3-unreachable.json",
            "plan-v3-pauses.json", "plan-v3-classes.json", "plan-v3-peaks.json", "plan-v3-policies.json",
            "plan-v3-approvers.json",
            newest,
        ])
    func forEver(_ name: String) throws {
        var plan = try PlanCoding.plan(from: try Self.bytes(name))
        #expect(plan.id.count == 2 + 64)
        plan.id = FullPlan.plan.id
        switch name {
        case Self.newest: #expect(plan == FullPlan.plan)
        case "plan-v3-approvers.json": #expect(plan == FullPlan.withoutOutputs)
        case "plan-v3-policies.json": #expect(plan == FullPlan.withoutApprovers)
        case "plan-v3-peaks.json": #expect(plan == FullPlan.withoutPolicies)
        case "plan-v3-classes.json": #expect(plan == FullPlan.withoutPeaks)
        case "plan-v3-pauses.json": #expect(plan == FullPlan.withoutClasses)
        case "plan-v3-unreachable.json": #expect(plan == FullPlan.withoutPauses)
        case "plan-v3-limits.json": #expect(plan == FullPlan.withAnswers)
        case "plan-v3-prometheus.json": #expect(plan == FullPlan.withoutLimits)
        case "plan-v3-registration.json": #expect(plan == FullPlan.withoutPrometheus)
        case "plan-v3-switches.json": #expect(plan == FullPlan.withoutRegistration)
        case "plan-v3-drifts.json": #expect(plan == FullPlan.withoutSwitches)
        case "plan-v3.json": #expect(plan == FullPlan.withoutDrift)
        default: #expect(plan == FullPlan.older)
        }
    }

    @Test("of commit b870475 stays readable, and loses nothing when it is written in today's")
    func older() throws {
        let file = Self.folder.appending(path: "../../../Stores/JournalTests/Samples-b870475/plan.json")
        let plan = try PlanCoding.plan(from: Array(try Data(contentsOf: file)))
        #expect(plan.steps.count == 26)
        #expect(try PlanCoding.plan(from: Array(try PlanCoding.text(of: plan).utf8)) == plan)
    }

    @Test("has no name that Swift gives, and no type that is in no table")
    func names() throws {
        let text = String(decoding: try Self.bytes(Self.newest), as: UTF8.self)
        #expect(!text.contains(#""_0""#))
        #expect(try JSON(parsing: text).types == Self.types)
    }

    @Test("has a sample of each value that may be absent")
    func complete() {
        var absent: Set<String> = []
        var present: Set<String> = []
        func walk(_ value: Any) {
            let mirror = Mirror(reflecting: value)
            for child in mirror.children {
                let inner = Mirror(reflecting: child.value)
                if inner.displayStyle == .optional {
                    let place = "\(mirror.subjectType).\(child.label ?? "")"
                    if let content = inner.children.first {
                        present.insert(place)
                        walk(content.value)
                    } else {
                        absent.insert(place)
                    }
                } else {
                    walk(child.value)
                }
            }
        }
        walk(FullPlan.plan)
        #expect(present.count > 30)
        // What takes a drift back is in the steps, and not on the wire.
        #expect(absent.subtracting(present) == ["Drift.remedy"])
    }

    @Test("of a newer rz is refused by name")
    func newer() throws {
        let text = String(decoding: try Self.bytes(Self.newest), as: UTF8.self)
            .replacing(#""formatVersion" : 3"#, with: #""formatVersion" : 4"#)
        let failure = #expect(throws: Failure.self) { try PlanCoding.plan(from: Array(text.utf8), at: "shop.plan") }
        #expect(failure?.summary == "This plan has format 4; this rz reads up to 3")
        #expect(failure?.advice == "Install a newer rz.")
        #expect(failure?.kind == .refused)
    }

    @Test(
        "of an older rz is run from a journal, and refused by name as a saved plan",
        arguments: [(1, "plan-cff9a7f.json"), (2, "plan-v2.json")])
    func saved(format: Int, name: String) throws {
        let failure = #expect(throws: Failure.self) {
            try PlanCoding.savedPlan(from: try Self.bytes(name), at: "shop.plan")
        }
        #expect(
            failure?.summary
                == "This plan was saved by an older rz: it has format \(format), and this rz runs saved plans of format 3"
        )
        #expect(failure?.place == "shop.plan")
        #expect(failure?.advice == "Make a new one: rz plan shop -o FILE.")
        #expect(failure?.kind == .refused)
        let saved = try PlanCoding.savedPlan(from: try Self.bytes(Self.newest), at: "shop.plan")
        try saved.refuseUnlessSealed(at: "shop.plan")
    }

    @Test("names what it does not know")
    func unknown() throws {
        let text = String(decoding: try Self.bytes(Self.newest), as: UTF8.self)
            .replacing(#""type" : "waived""#, with: #""type" : "refused""#)
        let failure = #expect(throws: Failure.self) { try PlanCoding.plan(from: Array(text.utf8)) }
        #expect(failure?.summary == "This is not a plan that this version of rz can read")
        #expect(
            failure?.details.first?.contains("unknown rule of approvals `refused`") == true,
            "\(failure?.details ?? [])")
    }

    @Test("with a step that this rz does not know is refused by name before a run performs it")
    func unknownStep() throws {
        let text = String(decoding: try Self.bytes(Self.newest), as: UTF8.self)
            .replacing(#""type" : "soak""#, with: #""type" : "rest""#)
        let plan = try PlanCoding.plan(from: Array(text.utf8))
        let failure = #expect(throws: Failure.self) { try Operation.of(plan) }
        #expect(failure?.summary == "This rz does not know all that the plan wants")
        #expect(failure?.details.first?.hasSuffix(": rest") == true, "\(failure?.details ?? [])")
        #expect(failure?.kind == .refused)
    }
}

extension JSON {
    /// What stands under `type`, at any depth.
    fileprivate var types: Set<String> {
        if let list = array { return list.reduce(into: []) { $0.formUnion($1.types) } }
        guard let object else { return [] }
        return object.reduce(into: []) { types, field in
            if field.key == "type", let type = field.value.string { types.insert(type) }
            types.formUnion(field.value.types)
        }
    }
}
