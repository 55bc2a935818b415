import Foundation
import Migration
import Testing

@testable import Journal

@Suite("A secret")
struct SecretsTests {
    static let secret = "pa\"ss\\wörd/1"

    @Test("is in no byte of the files, whatever form it took")
    func files() async throws {
        let home = try Home()
        let journal = try home.open(hiding: SecretsTests.secret)
        let quoted = #"{"password":"pa\"ss\\wörd/1"}"#
        let url = "https://u:pa%22ss%5Cw%C3%B6rd%2F1@host/"
        let events = try await journal.append(
            [
                .noted(text: "it is \(SecretsTests.secret)"),
                .stepFailed(step: "a", attempt: 1, failure: Failure("x", details: [quoted, url])),
            ], run: "r-1", epoch: nil, at: noon)
        try await journal.save(plan: #"{"a":["pa\"ss\\wörd\/1",12],"b":{"c":"x"}}"#, id: "p-1")
        let bytes = String(decoding: try home.bytes(), as: UTF8.self)
        for form in ["ss\\wörd", "ss\\\\wörd", "ss%5Cw", "wörd"] { #expect(!bytes.contains(form)) }
        #expect(bytes.contains("it is \(Secrets.mask)"))
        #expect(try await journal.plan("p-1") == #"{"a":["\#(Secrets.mask)",12],"b":{"c":"x"}}"#)
        // What the writer got is what readers get.
        #expect(try await home.open(readOnly: true).events(of: "r-1", after: 0) == events)
    }

    @Test("is in no line")
    func line() throws {
        var secrets = Secrets()
        secrets.insert(SecretsTests.secret)
        let event = Event(run: "r-1", sequence: 1, time: noon, kind: .noted(text: "<\(SecretsTests.secret)>"))
        let line = try EventCoding.line(for: event, redacting: secrets)
        #expect(!line.contains("wörd"))
        #expect(try EventCoding.event(fromLine: line).kind == .noted(text: "<\(Secrets.mask)>"))
        let open = try EventCoding.line(for: event)
        #expect(try EventCoding.event(fromLine: open, redacting: secrets).kind == .noted(text: "<\(Secrets.mask)>"))
    }

    @Test(
        "that is spelt like a word of the format leaves every event readable",
        arguments: ["blue", "green", "2026", "cutOver", "step", "attempt", "unknownEffect", "edge", "12.5", "0.001"])
    func commonWords(_ secret: String) async throws {
        let home = try Home()
        let journal = try home.open(hiding: secret)
        let kinds = Samples.kinds + [.noted(text: "<\(secret)>")]
        let events = try await journal.append(kinds, run: "r-1", epoch: nil, at: noon)
        #expect(try await journal.events(of: "r-1", after: 0) == events)
        #expect(events.last?.kind == .noted(text: "<\(Secrets.mask)>"))
        #expect(events.first?.kind == Samples.kinds.first)
    }
}
