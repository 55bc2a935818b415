import Foundation
import Migration
import Operations
import Planning
import Testing

@Suite("The list of operations")
struct RegistryTests {
    @Test("names each operation, phase and step once")
    func names() {
        #expect(Set(Operation.all.map(\.name)).count == Operation.all.count)
        for operation in Operation.all {
            #expect(Set(operation.phases.map(\.id)).count == operation.phases.count)
            #expect(Set(operation.steps.map(\.use)).count == operation.steps.count)
            #expect(Set(operation.steps.map(\.kind)).count == operation.steps.count)
        }
    }

    @Test("has each step in a phase of its operation, and after a step of that phase")
    func homes() {
        for operation in Operation.all {
            for step in operation.steps {
                #expect(operation.phases.phase(step.phase) != nil, "\(step.use)")
                guard let first = step.follows?.step else { continue }
                #expect(operation.step(first)?.phase == step.phase, "\(step.use) follows \(first)")
            }
        }
    }

    @Test("has each step in a file of its own, named as runbooks name it, in the folder of its operation")
    func files() throws {
        let folders = [
            "rz-update": "RZUpdate", "build": "Build", "converge": "Converge", "take-down": "TakeDown",
            "drill": "Drill",
        ]
        var all: [String] = []
        for operation in Operation.all {
            let folder = try #require(folders[operation.name])
            let path = URL(filePath: #filePath).appending(path: "../../../../Sources/Core/Operations/\(folder)/Steps")
                .standardized.path
            let files = try FileManager.default.contentsOfDirectory(atPath: path)
            // A module has one file of a name: a step that stands in for another operation's has its folder's name, too.
            let names = operation.steps.flatMap { step in
                let name = step.use.rawValue.prefix(1).uppercased() + step.use.rawValue.dropFirst() + ".swift"
                return [name, folder + name]
            }
            #expect(Set(files).subtracting(names) == [])
            all += files
        }
        #expect(all.count == Set(Operation.all.flatMap { $0.steps.map(\.kind) }).count)
    }

    @Test("knows a plan by its operation, and refuses one that it does not know")
    func unknown() throws {
        let environment = Environment(
            name: "shop", services: ServiceRules(), traffic: [], gates: Gates(service: ServiceGate(healthyFor: .zero)))
        var plan = Plan(
            id: "p-1", environment: environment, direction: Direction(from: .blue),
            createdAt: Instant(milliseconds: 0), source: PinnedSource(commit: nil),
            world: World(live: .blue, servers: [:], services: [:], backends: [:], configuration: ""),
            steps: [
                Step(id: "preflight/checks", phase: .preflight, title: "checks", action: .check, deadline: .hours(1))
            ])
        #expect(try Operation.of(plan).name == "rz-update")
        plan.operation = "service-update"
        let failure = #expect(throws: Failure.self) { try Operation.of(plan) }
        #expect(failure?.details == ["the operation service-update"])
        #expect(failure?.kind == .refused)
    }
}
