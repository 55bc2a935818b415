import JSON
import Testing

@testable import Sandbox

@Suite("The scheduler speaks Marathon's protocol")
struct SchedulerProtocolTests {
    @Test("and pongs with quotes for JSON only")
    func ping() async throws {
        try await TestCluster.with { cluster in
            #expect(try await cluster.client.send("GET", "/ping").text == "pong")
            let json = try await cluster.client.send("GET", "/ping", accept: "application/json")
            #expect(json.text == "\"pong\"")
            #expect(try await cluster.client.send("GET", "/v2/nothing").message == "URI not found")
            let info = try await cluster.client.send("GET", "/v2/info").json
            #expect(info?["name"]?.string == "marathon")
            #expect(info?["frameworkId"]?.string?.hasSuffix("-0000") == true)
            let leader = try await cluster.client.send("GET", "/v2/leader").json?["leader"]?.string
            #expect(leader == "127.0.0.1:\(cluster.configuration.port)")
        }
    }

    @Test(
        "and refuses documents in Marathon's words",
        arguments: [
            (#"{"id":"/a""#, 400, "Invalid JSON"),
            (#"{"id":7,"cmd":"x"}"#, 400, "error.expected.jsstring"),
            (#"{"cmd":"x"}"#, 400, "error.path.missing"),
            (#"{"id":"/a","cmd":"x","instances":-1}"#, 422, "error.min"),
            (#"{"id":"/a"}"#, 422, "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'."),
            (#"{"id":"/A_b","cmd":"x"}"#, 422, "must fully match regular expression"),
            (#"{"id":"/a","cmd":"x","upgradeStrategy":{"minimumHealthCapacity":2}}"#, 422, "is greater than 1"),
            (#"{"id":"/a","cmd":"x","constraints":[["hostname"]]}"#, 422, "must have either 2 or 3 fields"),
            (
                #"{"id":"/a","cmd":"x","constraints":[["hostname","NEAR"]]}"#, 422,
                "operator must be one of the following"
            ),
            (
                #"{"id":"/a","cmd":"x","ports":[1],"portDefinitions":[{"port":2}]}"#, 422,
                "both ports and port definitions"
            ),
            (#"{"id":"/a","cmd":"x","uris":["u"],"fetch":[{"uri":"v"}]}"#, 422, "both uris and fetch fields"),
            (#"{"id":"/a","cmd":"x","healthChecks":[{"portIndex":3}]}"#, 422, "Health check port indices must address"),
            (#"{"id":"/a","cmd":"x","secrets":{"s":{"source":"x"}}}"#, 422, "Feature secrets is not enabled"),
            (#"{"id":"/a","cmd":"x","dependencies":["/a"]}"#, 422, "cyclic dependencies"),
        ])
    func refusals(body: String, status: Int, message: String) throws {
        var state = SchedulerState(frameworkID: "f", seed: 1, at: .now)
        let response = try respond("POST", ["v2", "apps"], body, &state)
        #expect(response.status == status)
        #expect(String(decoding: response.body, as: UTF8.self).contains(message))
        #expect(state.apps.isEmpty)
    }

    @Test("and wants JSON to be called JSON")
    func mediaType() async throws {
        try await TestCluster.with { cluster in
            let reply = try await cluster.client.send("POST", "/v2/apps", "{}", contentType: "text/plain")
            #expect(reply.status == 415)
            #expect(reply.message == "Unsupported Media Type")
        }
    }

    @Test("and takes repeated slashes for one")
    func slashes() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.client.send("POST", "/v2/apps/", #"{"id":"//web/","cmd":"exec sleep 300"}"#)
            for path in ["/v2/apps//web", "/v2/apps///web/", "//v2/apps/web", "/v2/apps/web"] {
                let reply = try await cluster.client.send("GET", path)
                #expect(reply.json?["app"]?["id"]?.string == "/web", "\(path)")
            }
            #expect(try await cluster.client.send("GET", "/v2/groups//").json?["id"]?.string == "/")
        }
    }

    @Test("and sends events as they happen")
    func events() async throws {
        try await TestCluster.with { cluster in
            let client = cluster.client
            let reply = try await client.stream("/v2/events") {
                _ = try? await client.send("PUT", "/v2/apps/web", #"{"cmd":"exec sleep 300"}"#)
            } until: {
                $0.contains("event: deployment_success")
            }
            #expect(reply.headers["content-type"]?.hasPrefix("text/event-stream") == true)
            for type in ["event_stream_attached", "deployment_info", "api_post_event", "status_update_event"] {
                #expect(reply.text.contains("event: \(type)\r\ndata: {"), "\(type)")
            }
            let filtered = try await client.stream("/v2/events?event_type=group_change_success") {
                _ = try? await client.send("PUT", "/v2/apps/web?force=true", #"{"instances":0}"#)
            } until: {
                $0.contains("group_change_success")
            }
            #expect(!filtered.text.contains("event: deployment_info"))
            #expect(try await client.send("GET", "/v2/events").status == 405)
        }
    }

    @Test("and lists apps by id, command and label, with tasks when asked")
    func filters() throws {
        var state = SchedulerState(frameworkID: "f", seed: 1, at: .now)
        for body in [
            #"{"id":"/shop/web","cmd":"run web","labels":{"tier":"front","x":"1"}}"#,
            #"{"id":"/shop/db","cmd":"run db","labels":{"tier":"back"}}"#,
            #"{"id":"/infra/lb","cmd":"haproxy"}"#,
        ] {
            #expect(try respond("POST", ["v2", "apps"], body, &state).status == 201)
        }
        func ids(_ query: (String, String)...) throws -> [String] {
            let response = try respond("GET", ["v2", "apps"], nil, &state, query: query)
            let apps = try JSON(parsing: response.body)["apps"]?.array ?? []
            return apps.compactMap { $0["id"]?.string }
        }
        #expect(try ids() == ["/infra/lb", "/shop/db", "/shop/web"])
        #expect(try ids(("id", "shop")) == ["/shop/db", "/shop/web"])
        #expect(try ids(("cmd", "run")) == ["/shop/db", "/shop/web"])
        #expect(try ids(("label", "tier")) == ["/shop/db", "/shop/web"])
        #expect(try ids(("label", "tier==front, x")) == ["/shop/web"])
        #expect(try ids(("label", "tier!=front")) == ["/infra/lb", "/shop/db"])
        #expect(try ids(("label", "tier in (front,back)")) == ["/shop/db", "/shop/web"])
        let tree = try JSON(parsing: respond("GET", ["v2", "groups"], nil, &state).body)
        #expect(tree["groups"]?.array?.compactMap { $0["id"]?.string } == ["/infra", "/shop"])
        #expect(tree["groups"]?[1]?["apps"]?.array?.count == 2)
    }
}

/// Sends one request to the API, without any server.
func respond(
    _ method: String, _ path: [String], _ body: String?, _ state: inout SchedulerState,
    query: [(String, String)] = [], features: Set<String> = [], role: String = "*",
    at now: Timestamp = .now
) throws -> APIResponse {
    var configuration = SchedulerConfiguration(
        address: "127.0.0.1", port: 8080, color: "blue", stateFile: "", serversDirectory: "", log: "")
    configuration.features = features
    configuration.role = role
    let request = APIRequest(
        method: method, path: path, query: query.map { (name: $0.0, value: $0.1) }, accept: "*/*",
        contentType: "application/json", body: Array((body ?? "").utf8))
    return MarathonAPI(configuration: configuration).respond(to: request, state: &state, at: now)
}
