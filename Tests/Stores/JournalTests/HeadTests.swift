import Foundation
import Migration
import Testing

@testable import Journal

/// A chain proves that its events fit each other, not who wrote them.
@Suite("The head of a journal that was kept elsewhere")
struct HeadTests {
    @Test("is held by the journal that it was taken of, however long that has become, and by its export")
    func held() async throws {
        let home = try Home()
        try await home.filled(with: 3)
        let journal = try home.open()
        let head = try #require(try await journal.verify().head(of: "shop"))
        #expect(head.sequence == 3)
        _ = try await journal.append([.runPaused], run: "r-2", epoch: nil, at: noon)
        #expect(try await journal.verify(holding: head).events == 4)
        let file = home.path + "/shop.jsonl"
        _ = try await journal.export(to: file, rz: "0.1.0", at: noon)
        #expect(try Evidence.verify(file, holding: head).events == 4)
        // One of a single run holds the digests of the others.
        _ = try await journal.export(to: file, run: "r-2", rz: "0.1.0", at: noon)
        #expect(try Evidence.verify(file, holding: head).digests == 3)
    }

    @Test("is not held by a journal that was written again, though its chain fits, nor by its export")
    func rewritten() async throws {
        let (first, second) = (try Home(), try Home())
        try await first.filled(with: 3)
        try await second.filled(with: 5, text: "another")
        let head = try #require(try await first.open().verify().head(of: "shop"))
        let journal = try second.open()
        #expect(try await journal.verify().events == 5)
        let error = await journalError { try await journal.verify(holding: head) }
        #expect(error?.kind == .corrupt)
        #expect(error?.message.contains("event 3 or one before it is not what it was") == true)
        let file = second.path + "/shop.jsonl"
        _ = try await journal.export(to: file, rz: "0.1.0", at: noon)
        let exported = await journalError { _ = try Evidence.verify(file, holding: head) }
        #expect(exported?.kind == .damagedExport)
    }

    @Test("is not held by one that went back to an older copy")
    func older() async throws {
        let (first, second) = (try Home(), try Home())
        try await first.filled(with: 5)
        try await second.filled(with: 3)
        let head = try #require(try await first.open().verify().head(of: "shop"))
        let journal = try second.open()
        let error = await journalError { try await journal.verify(holding: head) }
        #expect(error?.message.contains("it ends with event 3, but the head is of event 5") == true)
    }

    @Test("of another environment is refused")
    func otherEnvironment() async throws {
        let home = try Home()
        try await home.filled(with: 1)
        let journal = try home.open()
        let sum = try await journal.verify().checksum
        let head = try #require(JournalHead("rz-head 1 other 1 \(sum)"))
        let error = await journalError { try await journal.verify(holding: head) }
        #expect(error?.kind == .partial)
    }

    @Test("is one line, and nothing else is taken for one")
    func line() throws {
        let sum = String(repeating: "0a", count: 32)
        let head = try #require(JournalHead("rz-head 1 shop 12 \(sum)\n"))
        #expect(head.description == "rz-head 1 shop 12 \(sum)")
        for text in [
            "", "rz-head 1 shop 12", "rz-head 2 shop 12 \(sum)", "rz-head 1 shop 0 \(sum)", "rz-head 1 -x 12 \(sum)",
            "rz-head 1 shop 12 \(sum)0", "rz-head 1 shop 12 \(sum.uppercased())", "rz-head 1 shop 12 \(sum) x",
            "rz-head  1 shop 12 \(sum)", "rz-head 1 shop 99999999999999999999 \(sum)",
        ] { #expect(JournalHead(text) == nil, "\(text)") }
    }
}
