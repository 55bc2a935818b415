import Foundation
import Migration
import Testing

@Suite("A period")
struct PeriodTests {
    @Test(
        "reads what people write",
        arguments: [
            ("0s", 0), ("0ms", 0), ("500ms", 500), ("30s", 30_000), ("90s", 90_000), ("1m30s", 90_000),
            ("2h", 7_200_000), ("1d", 86_400_000), ("1d2h3m4s5ms", 93_784_005), ("007s", 7000),
            ("9223372036854775807ms", Int64.max),
        ] as [(String, Int64)])
    func reads(text: String, milliseconds: Int64) {
        #expect(Period(text)?.milliseconds == milliseconds)
    }

    @Test(
        "refuses what is no length of time",
        arguments: [
            "", " ", "s", "30", "30 s", "-5s", "+5s", "1.5s", "30S", "30sec", "30s1m", "1s1s", "1m1m",
            "9223372036854775808ms",
            "106751991168d", "1d9223372036854775807ms", "٣s", "30s ", "1w",
        ])
    func refuses(text: String) {
        #expect(Period(text) == nil)
    }

    @Test(
        "prints the form that it reads",
        arguments: [
            (0, "0s"), (1, "1ms"), (1000, "1s"), (90_000, "1m30s"), (3_600_000, "1h"), (86_400_001, "1d1ms"),
            (93_784_005, "1d2h3m4s5ms"),
        ] as [(Int64, String)])
    func prints(milliseconds: Int64, text: String) {
        #expect(Period(milliseconds: milliseconds).description == text)
        #expect(Period(text)?.milliseconds == milliseconds)
    }

    @Test(
        "keeps its exact length through a file, also when a clock was set back",
        arguments: [0, 1, -1, -61_000, .max, .min + 1] as [Int64])
    func coded(milliseconds: Int64) throws {
        let period = Period(milliseconds: milliseconds)
        let decoded = try JSONDecoder().decode([Period].self, from: JSONEncoder().encode([period]))
        #expect(decoded == [period])
    }

    @Test("never overflows: sums end at the largest length")
    func saturates() {
        let longest = Period(milliseconds: .max)
        #expect(longest + .seconds(1) == longest)
        #expect(Instant(milliseconds: .max) + .seconds(1) == Instant(milliseconds: .max))
        #expect(Instant(milliseconds: .max) - Instant(milliseconds: -1) == longest)
        #expect(Period(milliseconds: .min).description.hasPrefix("-106751991167d"))
    }
}

@Suite("A percentage")
struct PercentTests {
    @Test(
        "reads what people write",
        arguments: [
            ("0%", 0), ("0.1%", 100), ("0.001%", 1), ("1%", 1000), ("12.5 %", 12_500), ("50%", 50_000),
            ("99.999%", 99_999),
            ("100%", 100_000), ("100.000%", 100_000),
        ])
    func reads(text: String, thousandths: Int) {
        #expect(Percent(text)?.thousandths == thousandths)
    }

    @Test(
        "refuses what is none",
        arguments: [
            "", "%", "50", "-1%", "+5%", "-0%", "101%", "100.001%", "0.0001%", ".5%", "5.%", "1.2.3%", "1e1%", "5%%",
            "five%",
            "٣%", "99999999999999999999%",
        ])
    func refuses(text: String) {
        #expect(Percent(text) == nil)
    }

    @Test(
        "prints for people and for files",
        arguments: [(0, "0 %", "0%"), (100, "0.1 %", "0.1%"), (12_500, "12.5 %", "12.5%"), (1, "0.001 %", "0.001%")])
    func prints(thousandths: Int, forPeople: String, forFiles: String) {
        let percent = Percent(thousandths: thousandths)
        #expect(percent.description == forPeople)
        #expect(percent.text == forFiles)
        #expect(Percent(forFiles) == percent)
    }

    @Test("every share from 0 to 100 % survives being written and read")
    func roundTrip() {
        for thousandths in 0...100_000 where Percent(Percent(thousandths: thousandths).text)?.thousandths != thousandths
        {
            Issue.record("\(thousandths) thousandths do not survive")
        }
    }
}
