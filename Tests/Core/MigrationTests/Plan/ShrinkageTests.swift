import Migration
import Testing

@Suite("What a source no longer reports")
struct ShrinkageTests {
    private static let many = Set((1...30).map { ServiceID("/shop/s\($0)") })

    @Test("is nothing where everything is there, whatever came")
    func none() {
        #expect(Shrinkage(before: ["/a"], now: ["/a", "/b"]) == nil)
        #expect(Shrinkage(before: [], now: []) == nil)
    }

    @Test("is not what people have said that goes, which is not known to the source either")
    func explained() throws {
        #expect(Shrinkage(before: ["/a", "/b"], now: ["/a"]) { $0 == "/b" } == nil)
        let rest = try #require(Shrinkage(before: ["/a", "/b", "/c"], now: []) { $0 == "/b" })
        #expect(rest.missing == ["/a", "/c"])
        #expect(rest.before == 2)
    }

    @Test(
        "is small with one service, or a tenth, and never where nothing is left",
        arguments: [(1, true), (3, true), (4, false), (29, false), (30, false)])
    func size(missing: Int, isSmall: Bool) throws {
        let now = Set(Self.many.sorted().dropFirst(missing))
        #expect(try #require(Shrinkage(before: Self.many, now: now)).isSmall == isSmall)
    }

    @Test("is small with one of two, and not with the only one")
    func few() throws {
        #expect(try #require(Shrinkage(before: ["/a", "/b"], now: ["/a"])).isSmall)
        #expect(try !#require(Shrinkage(before: ["/a"], now: [])).isSmall)
    }

    @Test("is reported with its source, how much is left, and the first that are missing")
    func description() throws {
        let one = try #require(Shrinkage(of: "marathon", before: ["/a", "/b"], now: ["/a"]))
        #expect(one.description == "marathon reports 1 of 2 services that were there; missing: /b")
        let all = try #require(Shrinkage(before: Self.many, now: []))
        #expect(all.description.hasSuffix(" and 25 more"))
    }

    @Test("is judged for each source by itself, but for services whose source is not named any more")
    func sources() {
        let rules = ServiceRules(
            sources: [.marathon(.init(url: "http://m", group: "/shop")), .metronome(.init(url: "http://j"))],
            ignore: ["/shop/gone"])
        let found = rules.shrinkages(
            before: ["/shop/a", "/shop/b", "/shop/gone", "report", "/infra/lb", "chronos:x"], now: ["/shop/a"])
        #expect(found.map(\.source) == ["marathon", "metronome"])
        #expect(found.map(\.missing) == [["/shop/b"], ["report"]])
        #expect(found.map(\.isSmall) == [true, false])
    }
}
