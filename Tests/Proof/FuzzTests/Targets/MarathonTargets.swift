import JSON
import Migration

@testable import Clusters

let marathonTargets: [FuzzTarget] = [
    FuzzTarget(
        "marathon-app",
        tokens: [
            "\"id\":", "\"env\":{", "\"portDefinitions\":[", "\"networks\":[", "\"uris\":[", "\"ipAddress\":{",
            "\"dependencies\":[\"../..\"]", "\"docker\":{\"network\":\"BRIDGE\"}", "\"ports\":[0]", "\"instances\":-1",
        ]
    ) { bytes in
        guard let json = try outcome({ try JSON(parsing: bytes) }) else { return }
        try checkDefinition(json)
        for app in json["apps"]?.array ?? [] { try checkDefinition(app) }
    },
    FuzzTarget(
        "marathon-paths", tokens: ["env.", "labels.", ".secret", ".0.", "healthChecks.0.path", "..", "container"]
    ) { bytes in
        guard let path = try outcome({ try FieldPath(bytes.text) }) else { return }
        try require(!path.keys.isEmpty, "a path leads somewhere")
        for value in ["1", "true", "text", "{\"a\":1}"] {
            let change = Override(match: .id("/*"), set: [path.description: Setting(value)], remove: [])
            let back = Override(match: .id("*"), set: [:], remove: [path.description])
            try checkOverrides([change, back], on: try sampleDefinition())
        }
    },
]

private func sampleDefinition() throws -> MarathonDefinition {
    try MarathonDefinition([
        "id": "/shop/cart", "cmd": "run", "instances": 2, "env": ["A": "1"], "labels": ["a.b": "c"],
        "healthChecks": [["path": "/", "portIndex": 0]],
    ])
}

private func checkDefinition(_ json: JSON) throws {
    guard let definition = try outcome({ try MarathonDefinition(json) }) else { return }
    let again = try MarathonDefinition(JSON(parsing: definition.text))
    try require(again == definition, "the canonical form is canonical: \(definition.text.prefix(300))")
    try require(again.fingerprint == definition.fingerprint, "equal definitions have equal fingerprints")
    try require(
        Differences.between(definition.normalForm, again.normalForm).isEmpty, "a service does not differ from itself")
    let reordered = JSON.object(JSONObject(definition.json.reversed()))
    try require(
        try MarathonDefinition(reordered).fingerprint == definition.fingerprint, "the order of keys means nothing")
    _ = (definition.instances, definition.hasHealthChecks, definition.labels, definition.role)
    for dependency in definition.dependencies {
        try require(dependency.text.hasPrefix("/"), "a dependency is an absolute id")
    }
    try checkOverrides(
        [
            Override(
                match: .id("/*"), set: ["env.A": "x", "instances": "3", "labels.x": "1"], remove: ["cmd", "labels.x"]),
            Override(match: .id(definition.id.text), set: ["healthChecks.0.path": "/ok"], remove: ["container"]),
        ], on: definition)
}

private func checkOverrides(_ overrides: [Override], on definition: MarathonDefinition) throws {
    let json = JSON.object(definition.json)
    guard
        let run = try outcome({
            try OverrideRun(json, of: definition.id, overrides, inventory: Inventory()) { $0.text }
        }), let changed = try outcome({ try MarathonDefinition(run.json) })
    else { return }
    try require(changed.id == definition.id, "an override keeps the id")
    let service = Service(
        id: definition.id, definition: ServiceDefinition(changed.json), instances: changed.instances,
        fingerprint: changed.fingerprint,
        changes: run.changes)
    let host = Host(name: "blue-1", address: "10.1.0.7")
    _ = Judgement(PlacementContext(old: Inventory(groups: ["agent": [host]])))
        .findings(of: definition, becoming: changed, as: service)
}
