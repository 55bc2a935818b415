import JSON
import Migration

@testable import Provisioning

let provisioningTargets: [FuzzTarget] = [
    FuzzTarget(
        "terraform-events",
        tokens: [
            "\"type\":\"apply_start\"", "\"type\":\"change_summary\"", "\"changes\":{\"add\":1}", "\"hook\":{",
            "\"type\":\"diagnostic\"", "\"severity\":\"error\"", "\n{", "Error acquiring the state lock",
        ]
    ) { bytes in
        let events = lines(bytes).compactMap { TerraformEvent(line: $0) }
        var progress = TerraformProgress(plan: events, noun: "servers")
        for event in events { _ = progress.line(for: event) }
        let diagnostics = events.compactMap { event -> TerraformDiagnostic? in
            if case .diagnostic(let diagnostic) = event { diagnostic } else { nil }
        }
        let diagnosis = TerraformDiagnosis(subject: "the servers of blue", module: "servers", secrets: Secrets())
        try checkText(of: diagnosis.failure(of: "worked on", diagnostics: diagnostics, end: ended, errors: []))
        _ = ProvisioningChanges(events, inDoubt: [], differs: true)
    },
    FuzzTarget(
        "terraform-outputs",
        tokens: ["\"inventory\":{\"value\":{", "\"sensitive\":true", "\"name\":", "\"address\":", "null"]
    ) { bytes in
        let inventory = try outcome { try TerraformOutputs.inventory(bytes.text, at: "output -json") }
        if let inventory = inventory ?? nil { try checkInventory(inventory) }
    },
    FuzzTarget("inventory", tokens: ["\"agents\":[", "\"name\":\"\"", "\"address\":", "null", "[]", "{}"]) { bytes in
        guard let json = try outcome({ try JSON(parsing: bytes) }) else { return }
        let inventory = try outcome { try InventoryFormat.inventory(json, at: "output", advice: "a shape") }
        if let inventory { try checkInventory(inventory) }
    },
    FuzzTarget(
        "ansible-events",
        tokens: [
            "\"event\":\"stats\"", "\"hosts\":{", "\"event\":\"failed\"", "\"failures\":1", "\"changed\":1", "\n{",
        ]
    ) { bytes in
        let events = lines(bytes).compactMap { AnsibleEvent(line: $0) }
        var progress = AnsibleProgress(servers: 2)
        for event in events { _ = progress.line(for: event) }
        let expected = ["blue-agent-1", "blue-control-1"]
        let verdict = AnsibleVerdict(playbook: "site.yaml", expected: expected, events: events, end: ended, errors: [])
        guard let result = try outcome({ try verdict.result() }) else { return }
        try require(Set(result.changed.keys) == Set(expected), "success means that every server was seen")
        try require(result.changed.values.reduce(0, +) >= 0, "the changes of all servers have a sum")
    },
]

private let ended = ProcessEnd(status: .exited(0), reason: .itself)

private func lines(_ bytes: [UInt8]) -> [String] { bytes.text.split(whereSeparator: \.isNewline).map(String.init) }

private func checkInventory(_ inventory: Inventory) throws {
    for host in inventory.hosts { try require(!host.name.isEmpty && !host.address.isEmpty, "a host has an address") }
    for text in ["{{ agents[0].address }}", "{{ control[0].rack }}:{{ x }}"] {
        _ = try outcome { try inventory.fill(text) }
    }
}
