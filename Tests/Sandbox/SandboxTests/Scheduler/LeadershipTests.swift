import Foundation
import FreePorts
import JSON
import Testing

@testable import Sandbox

@Suite("Marathon's own side of the scheduler")
struct LeadershipTests {
    @Test("a follower passes requests on, and sends those who want events to the leader")
    func follower() async throws {
        try await TestCluster.with { cluster in
            let leader = "127.0.0.1:\(cluster.configuration.port)"
            try await withFollower(of: leader) { follower in
                let created = try await follower.send("POST", "/v2/apps", #"{"id":"/web","cmd":"x","instances":0}"#)
                #expect(created.status == 201 && created.headers["location"] == "/web")
                #expect(created.headers["x-marathon-leader"] == "http://\(leader)")
                #expect(created.headers["x-marathon-via"] == "1.1 127.0.0.1:\(follower.port)")
                let shown = try await follower.send("GET", "/v2/apps//web?embed=app.tasks")
                #expect(shown.json?["app"]?["id"]?.string == "/web")
                #expect(try await follower.send("GET", "/v2/leader").json?["leader"]?.string == leader)
                #expect(try await follower.send("GET", "/v2/apps/none").status == 404)
                let events = try await follower.send("GET", "/v2/events?event_type=x", accept: "text/event-stream")
                #expect(events.status == 302)
                #expect(events.headers["location"] == "http://\(leader)/v2/events?event_type=x")
            }
        }
    }

    @Test("a follower without a leader says so")
    func noLeader() async throws {
        try await withFollower(of: nil) { follower in
            let reply = try await follower.send("GET", "/v2/apps")
            #expect(reply.status == 502 && reply.text == "Could not determine the current leader")
        }
        try await withFollower(of: "127.0.0.1:\(try FreePorts.claim())") { follower in
            let reply = try await follower.send("GET", "/v2/apps")
            #expect(reply.status == 502 && reply.text == "Connection to leader refused.")
        }
    }

    @Test("the leader abdicates: its event streams end")
    func abdication() async throws {
        try await TestCluster.with { cluster in
            let client = cluster.client
            let lastChunk = "\r\n0\r\n\r\n"
            let stream = try await client.stream("/v2/events") {
                let reply = try? await client.send("DELETE", "/v2/leader")
                #expect(reply?.message == "Leadership abdicated")
            } until: {
                $0.hasSuffix(lastChunk)
            }
            #expect(stream.text.contains("event_stream_attached"))
            #expect(stream.text.hasSuffix(lastChunk))
        }
    }

    @Test("with credentials no one gets in without them, in Jetty's words")
    func credentials() async throws {
        try await TestCluster.with(configure: { $0.credentials = SchedulerCredentials(user: "rz", password: "x") }) {
            cluster in
            for path in ["/ping", "/v2/apps", "/v2/events"] {
                let reply = try await cluster.client.send("GET", path, accept: "text/event-stream")
                #expect(reply.status == 401, "\(path)")
                #expect(reply.headers["www-authenticate"] == "Basic realm=\"Mesosphere\"")
                #expect(reply.headers["content-type"]?.hasPrefix("text/html") == true)
            }
        }
    }

    @Test("its configuration file may name features, a role and credentials")
    func configuration() throws {
        let path = NSTemporaryDirectory() + "rz-scheduler-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = """
            {"address":"127.0.0.1","port":1,"color":"blue","stateFile":"s","serversDirectory":"d","log":"l",
             "features":["secrets"],"role":"dev","httpCredentials":"rz:x"}
            """
        try File.replace(path, with: Array(text.utf8))
        let configuration = try SchedulerConfiguration(contentsOf: path)
        #expect(configuration.features == ["secrets"] && configuration.role == "dev")
        #expect(configuration.credentials == SchedulerCredentials(user: "rz", password: "x"))
        try File.replace(path, with: Array(text.replacing("rz:x", with: "rz").utf8))
        #expect(throws: SchedulerError.self) { try SchedulerConfiguration(contentsOf: path) }
    }

    @Test("it counts what it has")
    func metrics() throws {
        var state = SchedulerState.empty
        _ = try respond("POST", ["v2", "apps"], #"{"id":"/a/web","cmd":"x"}"#, &state)
        let gauges = try JSON(parsing: respond("GET", ["metrics"], nil, &state).body)["gauges"]
        #expect(gauges?["marathon.apps.active.gauge"]?["value"]?.int == 1)
        #expect(gauges?["marathon.deployments.active.gauge"]?["value"]?.int == 1)
    }

    private func withFollower(of leader: String?, _ body: (TestClient) async throws -> Void) async throws {
        let client = TestClient(port: try FreePorts.claim())
        let running = Task {
            try await SchedulerFollower(address: "127.0.0.1", port: client.port, leader: leader).run()
        }
        defer { running.cancel() }
        try await eventually("the follower answers", within: .seconds(60)) {
            try await client.send("GET", "/ping").status > 0
        }
        try await body(client)
    }
}
