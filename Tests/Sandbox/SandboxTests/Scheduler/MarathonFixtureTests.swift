import Foundation
import JSON
import Testing

@testable import Sandbox

/// Real definitions of many hands and years, sent to the scheduler as they are.
@Suite("The collected Marathon definitions", .enabled(if: MarathonFixture.areThere, "../shared/fixtures is not there"))
struct MarathonFixtureTests {
    @Test("are each classified, and nothing is classified that is not there")
    func completeness() {
        #expect(Set(MarathonFixture.names) == Set(MarathonFixture.table.keys))
    }

    @Test(
        "that are valid are accepted and given back, and what is given back makes the same again",
        arguments: MarathonFixture.accepted)
    func accepted(name: String) throws {
        let fixture = try MarathonFixture(name).withoutRefusedKeys()
        var blue = SchedulerState.empty
        for request in fixture.requests {
            let reply = try send(request, &blue, role: fixture.role)
            #expect((200...201).contains(reply.status), "\(name): \(reply.status) \(reply.text)")
        }
        for (id, submitted) in fixture.services {
            let record = try #require(blue.apps[id], "\(name): \(id) was dropped")
            let missing = losses(of: submitted, in: .object(record.definition.document))
            #expect(missing.isEmpty, "\(name): \(id) came back without \(missing)")
        }
        // A copy of what GET shows, without what only the server writes, is the same service once more.
        var green = SchedulerState.empty
        green.groups = blue.groups
        for id in blue.apps.keys.sorted() {
            let definition = try #require(blue.apps[id]?.definition)
            let shown = try JSON(
                parsing: respond("GET", ["v2", definition.kind == .app ? "apps" : "pods"] + id.segments, nil, &blue)
                    .body)
            let copy = stripped(shown["app"] ?? shown)
            let reply = try send(
                .init(path: definition.kind == .app ? "apps" : "pods", body: copy.compact), &green,
                role: fixture.role)
            #expect(reply.status == 201, "\(name): \(reply.text)")
            #expect(green.apps[id]?.definition.isSame(as: definition) == true, "\(name): \(id) differs")
        }
        #expect(green.apps.count == blue.apps.count)
    }

    @Test("that are invalid are refused with the place of what is wrong", arguments: MarathonFixture.refused)
    func refused(name: String, status: Int, message: String) throws {
        let fixture = try MarathonFixture(name)
        var state = SchedulerState.empty
        let replies = try fixture.requests.map { try send($0, &state) }
        let refusal = try #require(replies.first { $0.status >= 400 }, "\(name) was accepted")
        #expect(refusal.status == status, "\(name): \(refusal.text)")
        #expect(refusal.text.contains(message), "\(name): \(refusal.text)")
    }

    @Test("that are refused only for a feature that is off are accepted with it", arguments: MarathonFixture.featured)
    func featured(name: String) throws {
        let fixture = try MarathonFixture(name)
        var state = SchedulerState.empty
        for request in fixture.requests {
            let reply = try send(request, &state, features: ["secrets", "external_volumes"])
            #expect(reply.status == 201, "\(name): \(reply.text)")
        }
    }

    @Test("that are partial updates change what is there and nothing else")
    func partialUpdates() throws {
        var state = SchedulerState.empty
        for id in ["foo", "test/sleep60", "test/sleep120"] {
            let body = "{\"id\":\"/\(id)\",\"cmd\":\"c\",\"mem\":99}"
            #expect(try respond("POST", ["v2", "apps"], body, &state).status == 201)
        }
        let one = try MarathonFixture("marathon__api-examples__app_patch.json")
        let force = [("force", "true")]
        #expect(try respond("PATCH", ["v2", "apps", "foo"], one.text, &state, query: force).status == 200)
        #expect(state.app(PathID("/foo"))?.definition.instances == one.json["instances"]?.int)
        let many = try MarathonFixture("marathon__api-examples__apps_patch.json")
        let reply = try respond("PATCH", ["v2", "apps"], many.text, &state, query: force)
        #expect(reply.status == 200, "\(reply.text)")
        #expect(state.deployments.last?.affected.count == 2)
        for entry in many.json.array ?? [] {
            let app = try #require(state.app(PathID(entry["id"]?.string ?? ""))?.definition)
            #expect(app.resources.cpus == entry["cpus"]?.double ?? 1)
            #expect(app.instances == entry["instances"]?.int ?? 1)
            #expect(app.resources.mem == 99)
        }
    }

    private func send(
        _ request: MarathonFixture.Request, _ state: inout SchedulerState, features: Set<String> = [],
        role: String = "*"
    ) throws -> APIResponse {
        let query = request.method == "PUT" ? [("force", "true")] : []
        return try respond(
            request.method, ["v2", request.path], request.body, &state, query: query, features: features,
            role: role)
    }

    private func stripped(_ json: JSON) -> JSON {
        var object = json.object ?? JSONObject()
        for key in [
            "version", "versionInfo", "tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy",
            "deployments", "lastTaskFailure", "readinessCheckResults",
        ] {
            object[key] = nil
        }
        return .object(object)
    }

    /// The paths of what was sent and did not come back, apart from what has a newer spelling.
    private func losses(of submitted: JSON, in stored: JSON, at path: String = "") -> [String] {
        switch submitted {
        case .object(let object):
            return object.flatMap { key, value -> [String] in
                let place = "\(path)/\(key)"
                if value.isNull || value.isEmptyContainer || MarathonFixture.respelled.contains(place) { return [] }
                guard let kept = stored[key] else { return [place] }
                return losses(of: value, in: kept, at: place)
            }
        case .array(let elements):
            guard let kept = stored.array, kept.count == elements.count else { return [path] }
            return zip(elements, kept).flatMap { losses(of: $0, in: $1, at: path) }
        case .number(let number):
            // A service port of 0 asks for any.
            if path.hasSuffix("/port") || path.hasSuffix("/servicePort"), number.double == 0 { return [] }
            return number.double == stored.double ? [] : [path]
        case .string(let text):
            if path == "/id" || path.hasPrefix("/dependencies") { return [] }
            return text.lowercased() == stored.string?.lowercased() ? [] : [path]
        default:
            return submitted == stored ? [] : [path]
        }
    }
}
