import Digest
import Foundation
import Migration

/// Makes plans.
public struct Planner: Sendable {
    private let environment: Environment
    private let runbook: Runbook
    /// How long each step took in earlier runs.
    private let history: [StepID: Period]

    public init(environment: Environment, runbook: Runbook, history: [StepID: Period] = [:]) {
        self.environment = environment
        self.runbook = runbook
        self.history = history
    }

    /// The plan for the world as observed. Pure: the same inputs give the same plan.
    public func plan(_ observation: Observation, at time: Instant) throws(Failure) -> Plan {
        let services = try inLaunchOrder(observation.rewritten)
        var plan = Plan(
            id: "", environment: environment, direction: observation.direction, createdAt: time,
            source: observation.source, world: try world(observation),
            steps: steps(services, observation), provisioning: observation.provisioning, services: services,
            ignored: observation.ignored, warnings: observation.obstacles.filter { !$0.isBlocking }.map(\.text),
            obstacles: observation.obstacles.filter(\.isBlocking).map(\.text))
        plan.id = "p-" + (try fingerprint(of: plan)).prefix(6)
        return plan
    }

    /// The part of the observation whose change makes a plan stale.
    public func world(_ observation: Observation) throws(Failure) -> World {
        var backends: [String: [String]] = [:]
        for (name, state) in observation.loadBalancers {
            for rule in environment.traffic {
                backends["\(name)/\(rule.backend)"] = state.backends[rule.backend]?.servers.map(\.name).sorted()
            }
        }
        return World(
            live: observation.direction.old, servers: observation.inventory.mapValues { $0.hosts.map(\.name).sorted() },
            services: Dictionary(
                observation.services.map {
                    ($0.id, WorldService(fingerprint: $0.fingerprint, instances: $0.instances))
                }, uniquingKeysWith: { first, _ in first }),
            backends: backends, configuration: try configuration(observation.source))
    }

    private func steps(_ services: [PlannedService], _ observation: Observation) -> [Step] {
        let expansion = StepExpansion(
            environment: environment, direction: observation.direction, services: services,
            dependencies: Dictionary(
                observation.rewritten.map { ($0.id, $0.dependencies) }, uniquingKeysWith: { first, _ in first }),
            serverCount: observation.inventory[observation.direction.old]?.hosts.count ?? 0)
        return Phase.allCases.flatMap { phase in
            expansion.steps(of: phase, rule: runbook.phases[phase] ?? PhaseRule(steps: []))
        }.map { step in
            var step = step
            if let measured = history[step.id] { step.estimate = measured }
            return step
        }
    }

    private func configuration(_ source: PinnedSource) throws(Failure) -> String {
        SHA256.hexadecimal(
            of: try encoded(environment) + encoded(runbook) + (source.commit ?? "none")
                + source.changed.joined(separator: "\n"))
    }

    /// Digest of what the plan would do; when it was made and how long it may take don't count.
    private func fingerprint(of plan: Plan) throws(Failure) -> String {
        var bare = plan
        bare.createdAt = Instant(milliseconds: 0)
        bare.source.copy = ""
        bare.steps = plan.steps.map { step in
            var step = step
            step.estimate = .zero
            return step
        }
        return SHA256.hexadecimal(of: try encoded(bare))
    }

    private func encoded(_ value: some Encodable) throws(Failure) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw Failure(error, doing: "Encoding a plan")
        }
    }
}

/// Services with their layers, those that others need first.
///
/// - Throws: `Failure` that names the services of a circle of dependencies.
func inLaunchOrder(_ services: [Service]) throws(Failure) -> [PlannedService] {
    let byID = Dictionary(services.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var layers: [ServiceID: Int] = [:]
    var remaining = Set(byID.keys)
    while !remaining.isEmpty {
        let free = remaining.filter { id in
            needed(by: byID[id], among: byID).allSatisfy { layers[$0] != nil }
        }
        guard !free.isEmpty else {
            throw Failure(
                "Services depend on each other in a circle",
                details: [remaining.sorted().map(\.text).joined(separator: ", ")],
                advice: "Take one of these dependencies out of its definition.")
        }
        for id in free {
            layers[id] = 1 + (needed(by: byID[id], among: byID).compactMap { layers[$0] }.max() ?? 0)
        }
        remaining.subtract(free)
    }
    return services.map { service in
        PlannedService(
            id: service.id, instances: service.instances, layer: layers[service.id] ?? 1, changes: service.changes)
    }.sorted { ($0.layer, $0.id) < ($1.layer, $1.id) }
}

/// The services that one needs: those it names, and those inside the groups it names. A dependency on something
/// that does not exist is none, as in Marathon.
private func needed(by service: Service?, among all: [ServiceID: Service]) -> [ServiceID] {
    guard let service else { return [] }
    return service.dependencies.flatMap { dependency in
        all.keys.filter { $0 != service.id && ($0 == dependency || $0.text.hasPrefix(dependency.text + "/")) }
    }
}

extension StepExpansion {
    /// The services of this plan that one needs first.
    func neededServices(by id: ServiceID) -> [ServiceID] {
        let known = services.map(\.id)
        return dependencies[id, default: []].flatMap { dependency in
            known.filter { $0 != id && ($0 == dependency || $0.text.hasPrefix(dependency.text + "/")) }
        }
    }
}
