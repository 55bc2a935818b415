import JSON

@testable import Sandbox

let sandboxTargets: [FuzzTarget] = [
    FuzzTarget(
        "sandbox-requests",
        tokens: [
            "GET ", "PUT ", "POST ", "DELETE ", "/v2/apps/", "//shop/web", "/versions/",
            "2147483647-01-01T00:00:00.000Z",
            "?label=a in (b)", "&force", "\"constraints\":[[\"hostname\",\"LIKE\",\"(\"]]", "\"instances\":2147483647",
            "\"backoffSeconds\":2147483647", "\"backoffFactor\":1e300", "\"cpus\":1e308", "/restart",
            "/tasks?scale=true",
        ]
    ) { bytes in
        let parts = bytes.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false)
        let line = Array(parts[0]).text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        let target = (line.count > 1 ? line[1] : "").split(separator: "?", maxSplits: 1)
        let query = (target.count > 1 ? target[1] : "").split(separator: "&").map { pair in
            let halves = pair.split(separator: "=", maxSplits: 1).map(String.init)
            return (name: halves.first ?? "", value: halves.count > 1 ? halves[1] : "")
        }
        let request = APIRequest(
            method: String(line[0]), path: (target.first ?? "").split(separator: "/").map(String.init), query: query,
            accept: "application/json", contentType: "application/json", body: parts.count > 1 ? Array(parts[1]) : [])
        var state = sandboxState
        let now = Timestamp(milliseconds: 1_795_455_000_000)
        let response = api.respond(to: request, state: &state, at: now)
        try require((200..<600).contains(response.status), "an answer has a status")
        _ = state.settle(now)
        for later in 1...3 { _ = state.handle(.tick, at: now.adding(seconds: Double(later * 1000))) }
        let show = APIRequest(method: "GET", path: ["v2", "queue"], query: [], accept: "", contentType: "", body: [])
        _ = api.respond(to: show, state: &state, at: now)
        var writer = StateWriter()
        _ = try JSON(parsing: writer.text(of: state))
    }
]

private let api = MarathonAPI(
    configuration: SchedulerConfiguration(
        address: "127.0.0.1", port: 1, color: "blue", stateFile: "/a", serversDirectory: "/b", log: "/c"))

/// One agent, one app.
private let sandboxState: SchedulerState = {
    let now = Timestamp(milliseconds: 1_795_454_000_000)
    var state = SchedulerState(frameworkID: "f", seed: 1, at: now)
    let agent: JSON = [
        "hostname": "127.0.11.1", "resources": ["cpus": 4, "mem": 4096, "disk": 100, "ports": "31000-31010"],
    ]
    if let agent = Agent(agent, server: "blue-agent-1", directory: "/s") { _ = state.handle(.agents([agent]), at: now) }
    let body = #"{"id":"/shop/web","cmd":"run","instances":1,"portDefinitions":[{"port":0}]}"#
    let post = APIRequest(
        method: "POST", path: ["v2", "apps"], query: [], accept: "", contentType: "application/json",
        body: Array(body.utf8))
    _ = api.respond(to: post, state: &state, at: now)
    _ = state.settle(now)
    return state
}()
