import JSON

/// A change on its way: steps taken one after the other, each finished when all its apps are.
struct Deployment: Sendable {
    enum Action: String, Sendable {
        case start = "Start"
        case stop = "Stop"
        case scale = "Scale"
        case restart = "Restart"
    }

    struct Step: Sendable {
        var actions: [(app: PathID, action: Action)]
    }

    let id: String
    let version: Timestamp
    let steps: [Step]
    /// What the affected apps were before, for a rollback; nil where there was none.
    let originals: [PathID: AppDefinition?]
    /// Which of the affected services are pods.
    let pods: Set<PathID>
    /// The plan as events carry it since Marathon 1.9; made once, as each of a thousand steps is reported with all of it.
    let planJSON: JSON
    /// Steps begun so far: 0 before the first.
    var currentStep = 0
    /// Apps the current step still waits for; found again after a restart of the scheduler.
    var waitingFor: Set<PathID> = []

    init(
        id: String, version: Timestamp, steps: [Step], originals: [PathID: AppDefinition?], pods: Set<PathID>
    ) {
        self.id = id
        self.version = version
        self.steps = steps
        self.originals = originals
        self.pods = pods
        planJSON = [
            "id": .string(id), "version": .string(version.description),
            "steps": .array(steps.map { Self.stepJSON($0.actions, pods: pods) }),
        ]
    }

    /// The apps and pods it changes.
    var affected: [PathID] {
        Array(Set(steps.flatMap { $0.actions.map(\.app) })).sorted()
    }

    var currentActions: [(app: PathID, action: Action)] {
        currentStep > 0 && currentStep <= steps.count ? steps[currentStep - 1].actions : []
    }
}

extension Deployment {
    var stepsJSON: JSON { planJSON["steps"] ?? [] }

    func stepJSON(_ actions: [(app: PathID, action: Action)]) -> JSON {
        Self.stepJSON(actions, pods: pods)
    }

    func actionJSON(_ id: PathID, _ action: Action) -> JSON {
        Self.actionJSON(id, action, pods: pods)
    }

    private static func stepJSON(_ actions: [(app: PathID, action: Action)], pods: Set<PathID>) -> JSON {
        ["actions": .array(actions.map { actionJSON($0.app, $0.action, pods: pods) })]
    }

    private static func actionJSON(_ id: PathID, _ action: Action, pods: Set<PathID>) -> JSON {
        pods.contains(id)
            ? ["action": .string(action.rawValue + "Pod"), "pod": .string(id.description)]
            : ["action": .string(action.rawValue + "Application"), "app": .string(id.description)]
    }
}
