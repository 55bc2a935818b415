import Migration
import Testing

@testable import Runbooks

@Suite("Small texts at their bounds")
struct TextBoundsTests {
    @Test("every time that a journal can hold is written without harm")
    func instants() {
        for milliseconds in [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max] {
            let instant = Instant(milliseconds: milliseconds)
            #expect(!instant.description.isEmpty && !instant.clock.isEmpty && !instant.compactDay.isEmpty)
            #expect(instant + Period(milliseconds: .max) >= instant)
            #expect(instant + Period(milliseconds: .min) <= instant)
            #expect(instant - instant == Period(milliseconds: 0))
        }
    }

    @Test("a setting of nothing but opening marks is read in a time that grows with its length")
    func openMarks() throws {
        let text = String(repeating: "${", count: 100_000)
        let parts = try watched("open marks") { Setting(text).parts }
        #expect(parts == [.text(text)])
    }

    @Test("references may be nested as deep as the limit, and no deeper")
    func nestedReferences() throws {
        let resolver = SettingResolver(environmentFolder: "/", rzHome: "/rz", variables: ["A": "A"])
        func nested(_ depth: Int) -> Setting {
            Setting(String(repeating: "${env:", count: depth) + "A" + String(repeating: "}", count: depth))
        }
        #expect(try resolver.resolve(nested(Setting.deepest)) == "A")
        for depth in [Setting.deepest + 1, 100_000] {
            let setting = nested(depth)
            let failure = #expect(throws: Failure.self) { try watched("nested") { try resolver.resolve(setting) } }
            #expect(failure?.details.first?.contains("\(Setting.deepest) levels") == true)
            #expect("\(failure.map { "\($0)" } ?? "")".utf8.count < 5000)
        }
    }

    @Test("a pattern of nothing but stars and letters is matched in a time that grows with its length")
    func patterns() throws {
        let text = String(repeating: "a", count: 2000)
        let pattern = String(repeating: "*a", count: 1000) + "*b"
        let fits = try watched("patterns") { matchesWildcard(text, pattern: pattern) }
        #expect(!fits)
    }

    @Test("a failure says no more than anyone reads")
    func failures() {
        let long = String(repeating: "x", count: 1_000_000)
        let failure = Failure(long, at: long, details: Array(repeating: long, count: 1000), advice: long)
        #expect("\(failure)".utf8.count < 16 << 10)
        #expect(failure.details.last == "and 989 more lines")
        #expect(Failure("short", details: ["a", "b"]).details == ["a", "b"])
    }
}
