import JSON
import Migration
import Testing

@testable import Clusters

/// Definitions as nobody would write them: real ones with random changes.
@Suite("A definition with mistakes of any kind")
struct MutationTests {
    private static let seeds: [JSON] = {
        let texts = CanonicalFormTests.rules.flatMap { [$0.before, $0.after] } + [PodTests.pod]
        let collected = (try? Fixtures.services().map(\.json)) ?? []
        return texts.compactMap { try? JSON(parsing: $0) } + collected
    }()

    @Test("is read or refused, copied, compared, judged and changed without a crash", arguments: 0..<UInt64(40))
    func anything(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let marathon = try MarathonCluster(
            .init(url: "http://127.0.0.1:1"), inventory: Inventory(), resolver: resolver())
        let placement = PlacementContext(
            old: Inventory(groups: ["a": [Host(name: "blue-1", address: "10.1.0.7")]]),
            agents: [Agent(hostname: "green-1", attributes: ["rack": "r1"])])
        var read = 0
        for _ in 0..<20 {
            var mutated = try #require(Self.seeds.randomElement(using: &generator))
            for _ in 0..<Int.random(in: 1...5, using: &generator) { mutated = mutate(mutated, using: &generator) }
            guard let definition = try? MarathonDefinition(mutated, defaultRole: "*") else { continue }
            read += 1
            let service = Service(
                id: definition.id, definition: ServiceDefinition(definition.json), instances: definition.instances,
                dependencies: definition.dependencies, fingerprint: definition.fingerprint)
            // Made canonical twice it is what it was once, and everything is the same as itself.
            let again = try MarathonDefinition(JSON(parsing: definition.text), defaultRole: "*")
            #expect(again.text == definition.text, "\(mutated.compact)")
            #expect(try marathon.differences(service, service) == [], "\(mutated.compact)")
            #expect(again.fingerprint == service.fingerprint, "\(mutated.compact)")
            let paths = [
                "env.A", "labels.a.b", "container.docker.image", "ports.0", "healthChecks.0.path", "cpus", "x.1.y",
                "containers[name=web].image.id", "portDefinitions[name=http].port", "scaling.instances",
            ]
            let change = Override(
                match: .id("*"), set: [paths.randomElement(using: &generator) ?? "": "7"], remove: paths)
            let rewritten = (try? marathon.rewrite(service, overrides: [change], inventory: nil)) ?? service
            _ = try marathon.judge(service, rewritten: rewritten, in: placement)
            _ = try marathon.differences(service, rewritten)
        }
        #expect(read > 0, "each of them was refused, so nothing was tried")
    }

    @Test("has one form, also where a list of ports holds null")
    func nullPort() throws {
        let once = try MarathonDefinition(JSON(parsing: #"{"id":"/a","ports":[null,80]}"#), defaultRole: "*")
        let twice = try MarathonDefinition(JSON(parsing: once.text), defaultRole: "*")
        #expect(twice.text == once.text)
        #expect(once.json["portDefinitions"]?.array?.count == 2)
    }

    @Test("of its groups is read or refused", arguments: 0..<UInt64(20))
    func groups(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let tree = try JSON(
            parsing: #"{"id":"/","groups":[{"id":"/a","dependencies":["../b"],"groups":[{"id":"/a/c"}]},{"id":"b"}]}"#)
        var read = 0
        for _ in 0..<40 {
            var mutated = tree
            for _ in 0..<Int.random(in: 1...4, using: &generator) { mutated = mutate(mutated, using: &generator) }
            guard let groups = try? GroupTree(mutated) else { continue }
            read += 1
            _ = (groups.around("/a/c/d"), groups.dependencies(of: "/a/c/d"), groups.defaultRole(of: "/", cluster: "*"))
        }
        #expect(read > 0, "each of them was refused, so nothing was tried")
    }

    private func mutate(_ json: JSON, using generator: inout SeededGenerator) -> JSON {
        let strange: [JSON] = [
            .null, true, 0, -1, 1.5, "", "x", "/", "..", [], [[]], [.null], [:], ["a": .null], "ä€\u{0}",
            (try? JSON(parsing: "1e999")) ?? 0, (try? JSON(parsing: "99999999999999999999")) ?? 0,
        ]
        switch json {
        case .object(var object) where !object.isEmpty && Int.random(in: 0..<8, using: &generator) > 0:
            let key = object.keys.randomElement(using: &generator)!
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: object[key] = nil
            case 1: object[key] = strange.randomElement(using: &generator)!
            default: object[key] = mutate(object[key]!, using: &generator)
            }
            return .object(object)
        case .array(var elements) where !elements.isEmpty && Int.random(in: 0..<8, using: &generator) > 0:
            let index = elements.indices.randomElement(using: &generator)!
            if Bool.random(using: &generator) {
                elements[index] = mutate(elements[index], using: &generator)
            } else {
                elements.append(strange.randomElement(using: &generator)!)
            }
            return .array(elements)
        default: return strange.randomElement(using: &generator)!
        }
    }
}
