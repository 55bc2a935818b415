import JSON
import Migration
import Operations
import Reporting
import Testing

@Suite("Who still talks to a color")
struct SessionsViewTests {
    private let story = Story()
    private var open: OpenSessions {
        OpenSessions(
            [
                OpenSession(
                    loadBalancer: "edge-1", backend: "be_shop", server: "blue-1", frontend: "users",
                    client: "10.0.0.7:52100", age: .seconds(7500), bytesIn: 1_250_000, bytesOut: 3400),
                OpenSession(
                    loadBalancer: "edge-2", backend: "be_shop", server: "blue-2", frontend: "us\u{1B}[31mers",
                    client: "10.0.0.8:40001", oldProcess: 4711),
            ], more: 2, unknown: ["edge-3: Traefik does not report who is connected to a service"])
    }

    @Test("calls no color empty where someone could not be asked")
    func unknown() throws {
        let nothing = OpenSessions(unknown: ["edge-1: edge-1 can't be reached"])
        let text = SessionsView(story.plan, story.state, nothing, of: .blue).text()
        #expect(text.contains("   blue has sessions that no one can count\n"))
        #expect(SessionsView(story.plan, story.state, OpenSessions(), of: .blue).text().contains("blue has 0 sessions"))
    }

    @Test("is a table, the oldest first, in which nothing that came from outside moves a cursor")
    func people() throws {
        let text = SessionsView(story.plan, story.state, open, of: .blue).text()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines[0].hasSuffix("   blue has at least 4 sessions"))
        #expect(
            lines[2...] == [
                "age   load balancer  server          frontend         client          in      out",
                "2h5m  edge-1         be_shop/blue-1  users            10.0.0.7:52100  1.2 MB  3.4 kB",
                "?     edge-2         be_shop/blue-2  us\\u001b[31mers  10.0.0.8:40001  ?       ?       old process 4711",
                "… and 2 more: at most 10000 are listed",
                "? edge-3: Traefik does not report who is connected to a service", "",
            ])
    }

    @Test("is one object for machines")
    func machines() throws {
        let json = SessionsView(story.plan, story.state, open, of: .blue).json(head: JSONObject([]))
        #expect(json["color"]?.string == "blue")
        #expect(json["count"]?.int == 4 && json["more"]?.int == 2)
        #expect(json["sessions"]?.array?.count == 2)
        #expect(json["sessions"]?[0]?["age"]?.string == "2h5m")
        #expect(json["sessions"]?[0]?["bytesIn"]?.int == 1_250_000)
        #expect(json["sessions"]?[1]?["age"] == .null)
        #expect(json["sessions"]?[1]?["oldProcess"]?.int == 4711)
        #expect(json["unknown"]?.array?.count == 1)
    }

    @Test("is in the live view of a drain: the oldest, and where the others are to be seen")
    func live() {
        var story = story
        story.reaches(.drain)
        let many = (1...44).map { number in
            OpenSession(
                loadBalancer: "edge-1", backend: "be_shop", server: "blue-1", frontend: "users",
                client: "10.0.0.7:\(number)", age: .seconds(Int64(number)), bytesIn: 10, bytesOut: 20)
        }
        let reading = TelemetryReading(time: story.now, samples: [], open: OpenSessions(many).oldest(5))
        let lines = LiveView(story.plan).lines(story.state, now: story.now, traffic: reading)
        let name = story.plan.environment.name
        let start = lines.firstIndex { $0 == "    blue still has 44 sessions, the oldest:" }
        #expect(start != nil, "\(lines)")
        guard let start else { return }
        #expect(
            lines[start + 1]
                == "      edge-1 be_shop/blue-1: frontend users, 10.0.0.7:44, for 44s, 10 B in, 20 B out")
        #expect(lines[start + 4] == "      41 more: rz status \(name) --sessions")
    }
}
