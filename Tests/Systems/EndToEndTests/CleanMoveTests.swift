import Foundation
import JSON
import Migration
import SandboxTesting
import Testing

/// One move from blue to green as it should be, with users, recorders and secrets, looked at from many sides.
@Suite("A move from blue to green", .serialized, CleanMove())
struct CleanMoveTests {
    private let move: CleanMove.Record

    init() throws { move = try #require(CleanMove.record) }

    @Test("ends with green live and nothing left of blue")
    func endsOnGreen() {
        #expect(move.update.status == 0, "\(move.update.all.suffix(800))")
        #expect(move.live == "green")
        #expect(move.servers.count == 5)
        #expect(move.servers.allSatisfy { $0.hasPrefix("green-") })
    }

    @Test("fails no request of users")
    func noFailedRequest() {
        #expect(move.load["failed"]?.int == 0, "\(move.load.compact)")
        for color in ["blue", "green"] { #expect(move.load["by_color"]?[color]?.int ?? 0 > 0, "\(move.load.compact)") }
    }

    @Test("leaves the data on the disk as it was, and writable in green")
    func dataIntact() {
        #expect(move.dataBefore.count == 3)
        #expect(move.dataAfter.starts(with: move.dataBefore))
        #expect(move.dataAfter.last?.contains("\"color\":\"green\"") == true)
    }

    @Test("launches each instance exactly once")
    func launches() {
        #expect(
            move.launches == [
                "/shop/web": 3, "/shop/cart": 2, "/shop/catalog": 2, "/shop/search": 1, "/shop/ledger": 1,
                "/infra/metrics": 1,
            ])
    }

    @Test("asks blue's Marathon to change nothing before drain is over")
    func oldColorUntouched() throws {
        let quiet = try #require(move.update.events.first { $0["type"]?.string == "old.sideQuiet" }?.time)
        let changes = move.recorders.changes.filter { $0.at == "blue marathon" }
        #expect(changes.count >= 6, "its services are stopped at last")
        #expect(changes.allSatisfy { $0.time >= quiet }, "\(changes.filter { $0.time < quiet })")
    }

    @Test("raises green on every load balancer before it lowers blue on any, at each step")
    func raisedFirst() throws {
        // Where servers of blue are down, its weights are raised in proportion first; all three of be_web serve.
        let commands = move.recorders.changes.filter { $0.at.hasPrefix("edge") && $0.text.contains(" be_web/") }
        var steps = 0
        // A step is a run of green's weights followed by one of blue's.
        var raised: [String: Int] = [:]
        var isLowering = false
        for command in commands {
            if command.weight(of: "green") != nil {
                if isLowering { raised = [:] }
                isLowering = false
                raised[command.at, default: 0] += 1
            } else if command.weight(of: "blue") != nil {
                if !isLowering { steps += 1 }
                isLowering = true
                #expect(raised["edge-1"] ?? 0 > 0 && raised["edge-1"] == raised["edge-2"], "at \(command)")
            }
        }
        #expect(steps == 3, "10 %, 50 %, 100 %")
    }

    @Test("gives the services, Terraform and Ansible the secrets they need")
    func secretsArrive() throws {
        #expect(move.definitions.contains(move.serviceSecret))
        // Terraform's and Ansible's parts of the environment fail without theirs.
        #expect(move.update.status == 0)
        // A step's own log shows what it was given, masked.
        #expect(move.stepLog.contains("token is \(Secrets.mask)"), "\(move.stepLog)")
    }

    @Test("masks what a step shows of a later step's secret, in every form")
    func laterSecret() {
        for words in ["later is", "Basic", "bytes"] {
            #expect(move.stepLog.contains("\n\(words) \(Secrets.mask)\n"), "\(words): \(move.stepLog)")
        }
    }

    @Test("shows no control character that a program printed")
    func controls() {
        #expect(move.texts.contains { $0.1.contains(#"\u001b[2Jand a control"#) })
        for (name, text) in move.texts { #expect(!text.contains("\u{1B}"), "\(name) holds a control character") }
    }

    @Test("shows secrets in no plan, event, history, status, log, argument or file of its own")
    func secretsHidden() {
        for (name, text) in move.texts {
            for form in move.forms { #expect(!text.contains(form), "\(name) shows a secret") }
        }
        #expect(move.files.count > 10)
        for file in move.files {
            guard let data = FileManager.default.contents(atPath: file) else { continue }
            for form in move.forms { #expect(data.range(of: Data(form.utf8)) == nil, "\(file) holds a secret") }
        }
    }

    @Test("is the live color of the next plan, which moves back to blue")
    func nextPlan() {
        #expect(move.nextPlan.status == 2)
        #expect(move.nextPlan.output.contains("green → blue"), "\(move.nextPlan.all.prefix(300))")
    }
}
