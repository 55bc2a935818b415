import Foundation
import Migration
import Testing

@testable import Provisioning

private let recordings =
    (#filePath as NSString).deletingLastPathComponent
    + "/../../../../shared/fixtures/provisioning"

private func lines(_ name: String) throws -> [String] {
    try String(contentsOfFile: recordings + "/" + name, encoding: .utf8).split(separator: "\n").map(String.init)
}

private func diagnosis(_ name: String) throws -> Failure {
    let diagnostics = try lines(name).compactMap { TerraformEvent(line: $0) }.compactMap { event in
        if case .diagnostic(let diagnostic) = event { diagnostic } else { nil }
    }
    return TerraformDiagnosis(subject: "the servers of blue", module: "servers", secrets: Secrets()).failure(
        of: "worked on", diagnostics: diagnostics, end: ProcessEnd(status: .exited(1), reason: .itself), errors: [])
}

@Suite(
    "Recorded streams of Terraform",
    .enabled(if: FileManager.default.fileExists(atPath: recordings), "../shared/fixtures/provisioning is not there"))
struct RecordedTerraformStreams {
    @Test(
        "are understood, every line",
        arguments: [
            "aws-drift", "aws-server-update", "lock", "prevent-destroy", "provisioner-error", "replace", "sigint",
        ])
    func decode(_ name: String) throws {
        for line in try lines(name + ".jsonl") {
            #expect(TerraformEvent(line: line) != nil, "\(line.prefix(300))")
        }
    }

    @Test("of a lock: who holds it, since when")
    func lock() throws {
        let failure = try diagnosis("lock.jsonl")
        #expect(
            failure.summary
                == "Terraform's state of the servers of blue is locked by root@vm since 2026-11-23 02:13:35.045848298 +0000 UTC"
        )
        #expect(failure.details.contains("lock: da909764-52e7-eb95-eb04-b4cbc0bd3191"))
    }

    @Test("of a protected resource: its address, out of the text")
    func preventDestroy() throws {
        #expect(try diagnosis("prevent-destroy.jsonl").summary.contains(#"terraform_data.disk["database-0"]"#))
    }

    @Test("of a failed provisioner: its words")
    func provisioner() throws {
        let failure = try diagnosis("provisioner-error.jsonl")
        #expect(failure.summary == "The provisioner of terraform_data.fail failed")
        #expect(failure.details.contains { $0.contains("exit status 7. Output: hello") })
        #expect(failure.place == "servers/err.tf:3")
    }

    @Test("ended by SIGINT leave nothing in doubt: Terraform tainted what it had begun")
    func interrupt() async throws {
        try await withFolder { folder in
            try folder.write("events-1.jsonl", try lines("sigint.jsonl").joined(separator: "\n") + "\n")
            try folder.write("events-1.end", "unfinished\n")
            #expect(TerraformLedger(folder: folder.path).inDoubt.isEmpty)
        }
    }

    @Test("cut off in the middle leave in doubt what was begun and not completed")
    func cutOff() async throws {
        try await withFolder { folder in
            let cut = try lines("sigint.jsonl").prefix { !$0.contains("apply_errored") }
            try folder.write("events-1.jsonl", cut.joined(separator: "\n") + "\n{\"@level\":\"in")
            let doubt = TerraformLedger(folder: folder.path).inDoubt
            #expect(doubt == (2...5).map { "terraform_data.s[\($0)]" })
        }
    }
}

@Suite("What Terraform had begun")
struct TerraformLedgerTests {
    private func started(_ name: String) -> String { event("apply_start", name) }
    private func completed(_ name: String) -> String { event("apply_complete", name) }
    private func event(_ type: String, _ name: String) -> String {
        #"{"type":"\#(type)","hook":{"action":"create","resource":{"addr":"a.\#(name)","resource_name":"\#(name)"}}}"#
            + "\n"
    }
    private let applied =
        #"{"type":"change_summary","changes":{"add":1,"change":0,"remove":0,"operation":"apply"}}"# + "\n"

    @Test("stays in doubt over a failed apply that did not reach it, until it is completed")
    func staysInDoubt() async throws {
        try await withFolder { folder in
            let ledger = TerraformLedger(folder: folder.path)
            #expect(ledger.inDoubt.isEmpty)
            try folder.write("events-1.jsonl", started("one") + started("two") + started("three") + completed("one"))
            #expect(ledger.inDoubt == ["a.three", "a.two"])
            try folder.write("events-2.jsonl", started("two") + completed("two"))
            try folder.write("events-2.end", "unfinished\n")
            #expect(ledger.inDoubt == ["a.three"])
            try folder.write("events-3.jsonl", started("three") + completed("three") + applied)
            try folder.write("events-3.end", "applied\n")
            #expect(ledger.inDoubt.isEmpty)
        }
    }

    @Test("is on the disk before Terraform goes on, so that a power cut takes none of it away")
    func durable() async throws {
        try await withFolder { folder in
            let entry = try TerraformLedger(folder: folder.path).begin(masking: Secrets())
            let command = Command("/bin/cat", ["/proc/self/fdinfo/1"], environment: [:], folder: folder.path)
            _ = try await ChildProcess(command).run(output: try entry.output())
            let said = try #require(folder.text("events-1.jsonl"))
            let flags = try #require(said.firstMatch(of: /flags:\s*([0-7]+)/)?.output.1)
            #expect(try #require(Int32(flags, radix: 8)) & O_DSYNC != 0)
        }
    }

    @Test("is settled when Terraform ended well although no one was there to note it")
    func endedAlone() async throws {
        try await withFolder { folder in
            try folder.write("events-1.jsonl", started("one") + completed("one") + applied)
            #expect(TerraformLedger(folder: folder.path).inDoubt.isEmpty)
        }
    }

    @Test("is settled by a plan that had nothing to do")
    func settled() async throws {
        try await withFolder { folder in
            let ledger = TerraformLedger(folder: folder.path)
            try folder.write("events-1.jsonl", started("gone"))
            try ledger.settle()
            #expect(ledger.inDoubt.isEmpty)
        }
    }

    @Test("is kept without the secrets that a killed rz could not mask any more")
    func masked() async throws {
        try await withFolder { folder in
            try folder.write("events-1.jsonl", started("s3cret-name"))
            var secrets = Secrets()
            secrets.insert("s3cret")
            _ = try TerraformLedger(folder: folder.path).begin(masking: secrets)
            #expect(folder.files(containing: "s3cret").isEmpty)
        }
    }

    @Test("is masked in one piece: an rz that is killed meanwhile leaves all of it")
    func maskedAtOnce() async throws {
        try await withFolder { folder in
            let output = try OutputFile(path: folder["events-1.jsonl"])
            let command = Command("/bin/echo", ["s3cret-name"], environment: [:], folder: folder.path)
            _ = try await ChildProcess(command).run(output: output)
            let before = try FileManager.default.attributesOfItem(atPath: folder["events-1.jsonl"])
            var secrets = Secrets()
            secrets.insert("s3cret")
            try output.redact(secrets)
            let after = try FileManager.default.attributesOfItem(atPath: folder["events-1.jsonl"])
            #expect(before[.systemFileNumber] as? Int != after[.systemFileNumber] as? Int)
            #expect(folder.text("events-1.jsonl")?.hasSuffix("-name\n") == true)
            #expect(output.text() == folder.text("events-1.jsonl") && !output.text().contains("s3cret"))
        }
    }

    @Test("is found after ten applies too, in the order of their numbers")
    func manyApplies() async throws {
        try await withFolder { folder in
            for number in 1...30 {
                try folder.write("events-\(number).jsonl", started("one") + completed("one") + applied)
                try folder.write("events-\(number).end", "applied\n")
            }
            let ledger = TerraformLedger(folder: folder.path)
            let entry = try ledger.begin(masking: Secrets())
            #expect(entry.path.hasSuffix("events-31.jsonl"))
            #expect(!folder.exists("events-1.jsonl") && folder.exists("events-30.jsonl"))
            try folder.write("events-31.jsonl", started("late"))
            #expect(ledger.inDoubt == ["a.late"])
        }
    }
}

@Suite("Terraform's output `inventory`")
struct TerraformOutputsTests {
    private func inventory(_ value: String) throws(Failure) -> Inventory? {
        try TerraformOutputs.inventory(#"{"inventory":{"sensitive":false,"value":\#(value)}}"#, at: "servers")
    }

    @Test("keeps names, addresses and every other value as text")
    func values() throws {
        let read = try inventory(#"{"a":[{"name":"x","address":"127.0.0.1","n":1.50,"b":true,"l":[1,"2"],"z":null}]}"#)
        #expect(read?.groups["a"]?.first?.variables == ["n": "1.50", "b": "true", "l": #"[1,"2"]"#])
    }

    @Test("is none when there are no outputs")
    func none() throws {
        #expect(try TerraformOutputs.inventory("{}", at: "servers") == nil)
    }

    @Test(
        "of another shape is refused, and no value of it is shown",
        arguments: ["[1]", #"{"a":{"secret":1}}"#, #"{"a":[{"name":"x","key":"secret"}]}"#, #"{"a":["secret"]}"#])
    func otherShapes(_ value: String) throws {
        let failure = #expect(throws: Failure.self) { try inventory(value) }
        #expect(failure?.advice?.contains("group -> list") == true)
        #expect(failure?.description.contains("secret") == false)
    }
}
