import JSON
import Testing

@testable import Sandbox

@Suite("Two thousand apps in forty nested groups")
struct ScaleTests {
    /// A chain of groups in each of four branches, where each group depends on the one above it in the list.
    static var document: String {
        let groups = (0..<4).map { branch -> String in
            (0..<10).reversed().reduce("") { inner, level in
                let apps = (0..<50).map { number in
                    let dependency = number == 0 ? "" : ",\"dependencies\":[\"../app-\(number - 1)\"]"
                    return
                        "{\"id\":\"app-\(number)\",\"cmd\":\"exec sleep 300\",\"instances\":0\(number % 10 == 0 ? "" : dependency)}"
                }
                let before = branch == 0 ? "" : ",\"dependencies\":[\"/dc/b\(branch - 1)\"]"
                return "{\"id\":\"\(level == 0 ? "b\(branch)" : "g\(level)")\"\(level == 0 ? before : ""),"
                    + "\"apps\":[\(apps.joined(separator: ","))],\"groups\":[\(inner)]}"
            }
        }
        return "{\"id\":\"/dc\",\"groups\":[\(groups.joined(separator: ","))]}"
    }

    @Test("are one deployment, layer after layer, and stay one change of the state on disk")
    func whole() async throws {
        try await onThread { try Self.wholeBlocking() }
    }

    private static func wholeBlocking() throws {
        var state = SchedulerState.empty
        #expect(try respond("POST", ["v2", "groups"], document, &state).status == 201)
        #expect(state.ids(of: .app).count == 2000)
        #expect(state.groups.count == 42)
        let plan = try #require(state.deployments.first)
        #expect(plan.steps.count == 1 + 4 * 10)
        _ = state.settle(.now)
        #expect(state.deployments.isEmpty)
        var writer = StateWriter()
        let text = writer.text(of: state)
        let restored = try StateDocument.state(from: JSON(parsing: text), seed: 1)
        #expect(restored.groups == state.groups && restored.apps.count == 2000)
        #expect(try respond("PUT", ["v2", "apps", "dc", "b0", "app-0"], #"{"mem":99}"#, &state).status == 200)
    }
}
