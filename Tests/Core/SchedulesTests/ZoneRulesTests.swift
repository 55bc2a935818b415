import Foundation
import Testing

@testable import Schedules

@Suite("The rules of a time zone")
struct ZoneRulesTests {
    @Test(
        "say what Foundation says with the same database, from 1970 to 2069",
        arguments: [
            "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "Australia/Sydney",
            "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Auckland", "America/Argentina/Buenos_Aires", "Etc/GMT+5",
            "UTC", "GMT", "GMT+2", "GMT-03:30",
        ])
    func offsets(name: String) throws {
        let rules = try #require(ZoneRules(name: name))
        let zone = try #require(TimeZone(identifier: name))
        var different: [String] = []
        for second in stride(from: Int64(0), to: 3_155_760_000, by: 86_400 * 3 + 1800) {
            let expected = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
            if rules.offset(at: second) != expected { different.append("\(second): \(expected)") }
        }
        #expect(different.isEmpty, "\(different.count): \(different.prefix(5))")
    }

    @Test("change to the second")
    func change() throws {
        let rules = try #require(ZoneRules(name: "Europe/Berlin"))
        // 2026-03-29T01:00:00Z, from the file; 2050-03-27T01:00:00Z, by its rule for all years to come.
        for second: Int64 in [1_774_746_000, 2_531_955_600] {
            #expect(rules.offset(at: second - 1) == 3600)
            #expect(rules.offset(at: second) == 7200)
        }
    }

    @Test(
        "are known by names of the database only",
        arguments: ["", "Mars/Olympus", "../zoneinfo/UTC", "/usr/share/zoneinfo/UTC", "Europe", "GMT+25", "UTC+"])
    func unknown(name: String) { #expect(ZoneRules(name: name) == nil) }

    @Test(
        "that POSIX writes are read in every form",
        arguments: [
            // New York by day of the year: 9 March is J68, 2 November J306.
            ("EST5EDT,J68,J306", 1_741_503_600, -14_400), ("EST5EDT,67,305", 1_741_503_600 - 1, -18_000),
            ("<-03>3", 0, -10_800), ("<+0330>-3:30", 0, 12_600), ("CET-1CEST,M3.5.0,M10.5.0/3", 0, 3600),
            // The south: summer at the turn of the year.
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_767_225_600, 39_600),
        ])
    func posix(text: String, second: Int64, offset: Int) throws {
        #expect(try #require(YearlyRule(Substring(text))).offset(at: second) == offset)
    }

    @Test(
        "that POSIX does not know are none", arguments: ["", "CET", "CET-1CEST", "CET-1CEST,M13.1.0,M10.5.0", "C1,x"])
    func noRule(text: String) { #expect(YearlyRule(Substring(text)) == nil) }

    @Test("are none in a file that ends too early")
    func shortFile() throws {
        let file = try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin"))
        #expect(ZoneRules(file: Array(file)) != nil)
        for count in stride(from: 0, to: file.count - 1, by: 7) {
            #expect(ZoneRules(file: Array(file.prefix(count))) == nil)
        }
    }
}
