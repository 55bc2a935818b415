import JSON
import Migration

/// Finds what a definition holds that is bound to its environment, and says what that means in the other one.
///
/// Source: Marathon 1.11 REST API; the fields that a cluster resolves by its own agents, networks, names and stores.
struct Judgement: Sendable {
    let placement: PlacementContext

    init(_ placement: PlacementContext) { self.placement = placement }

    /// Judges a service as it is to be launched, and what its overrides answered.
    func findings(
        of before: MarathonDefinition, becoming after: MarathonDefinition, as service: Service
    ) -> [Finding] {
        answered(findings(in: before), becoming: findings(in: after), as: service) + deployment(service)
            + mode(after.labels, service)
    }

    /// What is left after the overrides of a service, and what they answered.
    func answered(_ before: [Finding], becoming after: [Finding], as service: Service) -> [Finding] {
        let changed = service.changes.map { FieldPath(keys: path($0.path)) }
        let left = after.map { finding in
            var finding = finding
            let isTouched = changed.contains { $0.overlaps(FieldPath(keys: path(finding.path))) }
            if isTouched, finding.isOpen, !isCertain(finding) { finding.judgement = .mapped }
            return finding
        }
        let gone = before.filter { finding in
            finding.isOpen
                && !left.contains {
                    $0.kind == finding.kind && ($0.path == finding.path || $0.text == finding.text)
                }
        }
        let answered = gone.map { finding in
            var finding = finding
            finding.judgement = .mapped
            return finding
        }
        return answered + left
    }

    private func findings(in definition: MarathonDefinition) -> [Finding] {
        let parts = DefinitionParts(definition)
        return refusals(parts) + placement(parts) + storage(parts) + network(parts) + secrets(parts) + files(parts)
            + ports(parts.fixedPorts) + framework(parts) + addresses(.object(definition.json))
    }

    /// Whether an override of the field does not answer a finding that is still there: it was compared with facts.
    private func isCertain(_ finding: Finding) -> Bool {
        switch finding.kind {
        case .constraint: placement.agents != nil
        case .oldAddress, .refused, .persistentVolume, .framework: true
        default: false
        }
    }

    private func path(_ text: String) -> [String] { (try? FieldPath(text))?.keys ?? [text] }

    /// The running tasks are a mixture, and the definition is the target.
    func deployment(_ service: Service) -> [Finding] {
        guard service.isDeploying else { return [] }
        return [
            Finding(
                .deployment, at: "deployments",
                "a deployment is under way: its target is what would be copied, while older tasks may still run",
                .harmless)
        ]
    }

    func mode(_ labels: JSONObject, _ service: Service) -> [Finding] {
        guard service.modeReason == nil, let word = labels[OverrideRun.modeLabel]?.string else { return [] }
        let known = ServiceMode.allCases.map(\.rawValue).joined(separator: ", ")
        return [
            Finding(
                .mode, at: "labels.\(OverrideRun.modeLabel)", "“\(word)” is no mode; known: \(known)", .blocking)
        ]
    }
}

extension Finding {
    /// Whether someone has to answer it, now or later.
    fileprivate var isOpen: Bool { judgement == .blocking || judgement == .deferred }
}
