import Migration
import Operations
import Testing

@testable import Planning

@Suite("Servers that a run is to put into a backend")
struct RegistrationWarningsTests {
    private func warnings(_ registration: ServerRegistration, standing: Bool = false) throws -> [String] {
        var world = SmallWorld()
        world.environment.traffic[0].registration = [.green: registration]
        var observation = world.observation
        let groups = ["apps": ["1", "2"].map { Host(name: "blue-\($0)", address: "10.1.0.\($0)") }]
        observation.inventory = [.blue: Inventory(groups: groups)]
        if standing {
            observation.inventory[.green] = Inventory(groups: ["app": [Host(name: "g", address: "10.2.0.1")]])
        }
        return try Planner(
            environment: world.environment, runbook: Runbook(name: "rz-update", phases: world.phases),
            operation: Operation.rzUpdate
        ).plan(observation, at: world.time).warnings.filter { $0.contains("would") }
    }

    @Test("are tried on the servers that there are: a group that is misspelled is in the plan")
    func group() throws {
        let wrong = ServerRegistration(.group("app"), port: "80", name: "green-{{ name }}")
        let right = ServerRegistration(.group("apps"), port: "80", name: "green-{{ name }}")
        let text = try #require(warnings(wrong).first)
        #expect(text.hasPrefix("green has no server of the group app, so be would have none; groups: apps."))
        #expect(text.hasSuffix("If green is built as blue is, the run halts in serviceGate."))
        #expect(try warnings(right).isEmpty)
        // The new color's own servers say more.
        #expect(try warnings(wrong, standing: true).isEmpty)
        #expect(
            try warnings(right, standing: true) == [
                "green has no server of the group apps, so be would have none; groups: app."
            ])
    }

    @Test("are not known yet where they are tasks")
    func tasks() throws {
        #expect(try warnings(ServerRegistration(.tasks("/a"), port: "0", name: "green-{{ name }}")).isEmpty)
    }

    @Test("would have one name twice")
    func names() throws {
        let text = try warnings(ServerRegistration(.group("apps"), port: "80", name: "green-x")).first
        #expect(text?.hasPrefix("Two servers of apps would be called green-x") == true)
    }
}
