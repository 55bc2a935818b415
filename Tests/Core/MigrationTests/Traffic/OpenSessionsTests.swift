import Migration
import Testing

@Suite("Open sessions")
struct OpenSessionsTests {
    private func session(_ number: Int, _ age: Period?) -> OpenSession {
        OpenSession(
            loadBalancer: "edge-1", backend: "be_shop", server: "blue-1", frontend: "users",
            client: "10.0.0.1:\(number)", age: age)
    }

    @Test("are listed the oldest first, those of unknown age last, and never more than memory has room for")
    func bounded() {
        let many = (0..<12_000).map { session($0, .seconds(Int64($0))) }
        let open = OpenSessions(many, more: 5) + OpenSessions([session(0, nil)], unknown: ["edge-2 is silent"])
        #expect(open.count == 12_006)
        #expect(open.listed.count == OpenSessions.limit)
        #expect(open.more == 2006)
        #expect(open.listed.first?.age == .seconds(11_999))
        #expect(open.unknown == ["edge-2 is silent"])
        #expect(OpenSessions([session(1, nil), session(2, .zero)]).listed.map(\.age) == [.zero, nil])
    }

    @Test("are reported in few lines, with where the others are to be seen")
    func few() {
        let open = OpenSessions(
            (1...44).map { session($0, .minutes(Int64($0))) }, unknown: ["edge-2: can't be reached"])
        #expect(
            open.lines(2, rest: "rz status shop --sessions") == [
                "edge-1 be_shop/blue-1: frontend users, 10.0.0.1:44, for 44m",
                "edge-1 be_shop/blue-1: frontend users, 10.0.0.1:43, for 43m",
                "42 more: rz status shop --sessions", "edge-2: can't be reached",
            ])
        #expect(open.oldest(3).count == 44)
        #expect(OpenSessions([session(1, nil)]).lines(3) == ["edge-1 be_shop/blue-1: frontend users, 10.0.0.1:1"])
    }

    @Test(
        "report bytes as people read them",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345, "12 kB"), (999_999, "999 kB"), (1_250_000, "1.2 MB"),
            (34_000_000, "34 MB"), (5_600_000_000, "5.6 GB"), (7_000_000_000_000, "7.0 TB"),
        ])
    func bytes(number: Int, text: String) {
        var one = session(1, nil)
        one.bytesIn = number
        #expect("\(one)".hasSuffix(", \(text) in"))
    }
}
