import Foundation
import JSON
import Migration
import Testing

@testable import Sandbox

@Suite("The sandbox's Metronome")
struct JobStateTests {
    private let start = Instant(milliseconds: 1_795_455_000_000)
    private let api = MetronomeAPI(endpoint: "127.0.0.1:9000")

    private func send(
        _ method: String, _ path: String, _ body: JSON? = nil, to state: inout JobState, at now: Instant
    ) -> APIResponse {
        let parts = path.split(separator: "?", maxSplits: 1)
        var query: [(name: String, value: String)] = []
        for pair in parts.dropFirst().flatMap({ $0.split(separator: "&") }) {
            let halves = pair.split(separator: "=").map(String.init)
            query.append((name: halves[0], value: halves.count > 1 ? halves[1] : ""))
        }
        return api.respond(
            to: APIRequest(
                method: method, path: parts[0].split(separator: "/").map(String.init), query: query, accept: "",
                contentType: "application/json", body: Array((body?.compact ?? "").utf8)), state: &state, at: now)
    }

    private func job(_ id: String, _ more: [(String, JSON)] = []) -> JSON {
        .object(
            JSONObject([("id", .string(id)), ("run", ["cmd": "true", "cpus": 0.1, "mem": 32])] + more))
    }

    private func schedule(_ policy: String = "ALLOW") -> JSON {
        ["id": "often", "cron": "* * * * *", "concurrencyPolicy": .string(policy)]
    }

    @Test("fires an enabled schedule once at each of its times, and not while it is disabled")
    func fires() {
        var state = JobState()
        _ = send("POST", "/v1/jobs", job("a"), to: &state, at: start)
        _ = send("POST", "/v1/jobs/a/schedules", schedule(), to: &state, at: start)
        for second in 1...130 { state.fire(at: start + .seconds(Int64(second))) }
        #expect(state.runs.count == 2)
        var off = schedule().object
        off?["enabled"] = false
        _ = send("PUT", "/v1/jobs/a/schedules/often", off.map(JSON.object), to: &state, at: start + .seconds(131))
        for second in 132...400 { state.fire(at: start + .seconds(Int64(second))) }
        #expect(state.runs.count == 2)
        _ = send("PUT", "/v1/jobs/a/schedules/often", schedule(), to: &state, at: start + .seconds(401))
        state.fire(at: start + .seconds(402))
        #expect(state.runs.count == 2, "what passed while it was disabled is not made up for")
    }

    @Test("leaves a time out while a run is under way that the policy forbids to overlap")
    func forbid() throws {
        var state = JobState()
        _ = send("POST", "/v1/jobs", job("a"), to: &state, at: start)
        _ = send("POST", "/v1/jobs/a/schedules", schedule("FORBID"), to: &state, at: start)
        for minute in 1...3 { state.fire(at: start + .minutes(Int64(minute))) }
        #expect(state.runs.count == 1)
        state.end(try #require(state.runs.first), .success, at: start + .minutes(3))
        state.fire(at: start + .minutes(4))
        #expect(state.active("a").count == 1)
    }

    @Test("runs a job after the job that it depends on")
    func dependencies() throws {
        var state = JobState()
        let child = job("b", [("dependencies", [["id": "a"]])])
        #expect(send("POST", "/v1/jobs", child, to: &state, at: start).status == 422)
        _ = send("POST", "/v1/jobs", job("a"), to: &state, at: start)
        #expect(send("POST", "/v1/jobs", child, to: &state, at: start).status == 201)
        let run = state.begin("a", at: start)
        state.end(run, .success, at: start)
        #expect(state.active("b").count == 1)
        #expect(send("POST", "/v1/jobs/b/schedules", schedule(), to: &state, at: start).status == 422)
    }

    @Test("answers with the statuses of Metronome")
    func statuses() {
        var state = JobState()
        #expect(send("POST", "/v1/jobs", job("a"), to: &state, at: start).status == 201)
        #expect(send("POST", "/v1/jobs", job("a"), to: &state, at: start).status == 409)
        #expect(send("POST", "/v1/jobs", job("A"), to: &state, at: start).status == 422)
        #expect(send("GET", "/v1/jobs/b", to: &state, at: start).status == 404)
        #expect(send("POST", "/v1/jobs/a/schedules", schedule(), to: &state, at: start).status == 201)
        #expect(send("POST", "/v1/jobs/a/schedules", schedule(), to: &state, at: start).status == 409)
        #expect(send("POST", "/v1/jobs/a/runs", [:], to: &state, at: start).status == 201)
        #expect(send("DELETE", "/v1/jobs/a", to: &state, at: start).status == 409)
        #expect(send("DELETE", "/v1/jobs/a?stopCurrentJobRuns=true", to: &state, at: start).status == 200)
    }

    @Test("knows everything again after a restart but what was due meanwhile")
    func restart() throws {
        var state = JobState()
        _ = send("POST", "/v1/jobs", job("a"), to: &state, at: start)
        _ = send("POST", "/v1/jobs/a/schedules", schedule(), to: &state, at: start)
        state.begin("a", at: start)
        var again = JobState(state.json, at: start + .minutes(10))
        #expect(again.json == state.json)
        again.fire(at: start + .minutes(10) + .seconds(1))
        #expect(again.runs.count == 1)
    }
}
