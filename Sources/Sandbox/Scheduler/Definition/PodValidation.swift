import JSON

/// Marathon's model validation of a complete pod.
struct PodValidation {
    typealias Violation = MarathonError.Violation

    let features: Set<String>
    let roles: RoleSettings
    /// What the pod was before.
    let old: AppDefinition?

    func check(_ pod: JSONObject, id: PathID) throws(MarathonError) {
        let violations =
            AppValidation.identity(id) + names(pod) + endpoints(pod) + mounts(pod) + constraints(pod) + secrets(pod)
            + role(pod)
        guard violations.isEmpty else { throw .invalidObject(violations) }
    }

    private func names(_ pod: JSONObject) -> [Violation] {
        let names = (pod["containers"]?.array ?? []).compactMap { $0["name"]?.string }
        guard Set(names).count != names.count else { return [] }
        return [.init(path: "/containers", message: "container names are unique within a pod")]
    }

    private func endpoints(_ pod: JSONObject) -> [Violation] {
        let isOnHost = pod["networks"]?[0]?["mode"]?.string == "host"
        var violations: [Violation] = []
        var names: Set<String> = []
        var ports: Set<Int> = []
        for (index, container) in (pod["containers"]?.array ?? []).enumerated() {
            for (place, endpoint) in (container["endpoints"]?.array ?? []).enumerated() {
                let path = "/containers(\(index))/endpoints(\(place))"
                if isOnHost, endpoint["hostPort"] == nil {
                    violations.append(.init(path: path, message: "hostPort is required for host-mode networking"))
                }
                if !isOnHost, endpoint["containerPort"] == nil {
                    let message = "containerPort is required for container-mode networking"
                    violations.append(.init(path: path, message: message))
                }
                if let name = endpoint["name"]?.string, !names.insert(name).inserted {
                    violations.append(.init(path: path + "/name", message: "endpoint names are unique within a pod"))
                }
                if let port = endpoint["hostPort"]?.int, port != 0, !ports.insert(port).inserted {
                    violations.append(.init(path: path + "/hostPort", message: "host ports are unique within a pod"))
                }
            }
            violations += healthCheck(container, at: "/containers(\(index))/healthCheck")
        }
        return violations
    }

    private func healthCheck(_ container: JSON, at path: String) -> [Violation] {
        let check = container["healthCheck"]
        guard let wanted = check?["http"]?["endpoint"]?.string ?? check?["tcp"]?["endpoint"]?.string else { return [] }
        let names = (container["endpoints"]?.array ?? []).compactMap { $0["name"]?.string }
        return names.contains(wanted) ? [] : [.init(path: path, message: "must refer to an existing endpoint")]
    }

    private func mounts(_ pod: JSONObject) -> [Violation] {
        let volumes = Set((pod["volumes"]?.array ?? []).compactMap { $0["name"]?.string })
        return (pod["containers"]?.array ?? []).enumerated().flatMap { index, container in
            (container["volumeMounts"]?.array ?? []).enumerated().compactMap { place, mount -> Violation? in
                guard let name = mount["name"]?.string, !volumes.contains(name) else { return nil }
                let path = "/containers(\(index))/volumeMounts(\(place))/name"
                return .init(path: path, message: "volume with name \"\(name)\" is not defined")
            }
        }
    }

    private func constraints(_ pod: JSONObject) -> [Violation] {
        let constraints = pod["scheduling"]?["placement"]?["constraints"]?.array ?? []
        return constraints.enumerated().compactMap { index, json in
            guard let constraint = Constraint(json),
                let problem = Constraint.problem(constraint.kind, value: constraint.value)
            else { return nil }
            return .init(path: "/scheduling/placement/constraints(\(index))", message: problem)
        }
    }

    private func secrets(_ pod: JSONObject) -> [Violation] {
        let environments = [pod["environment"]] + (pod["containers"]?.array ?? []).map { $0["environment"] }
        let uses = environments.contains { ($0?.object ?? JSONObject()).contains { $0.value["secret"] != nil } }
        guard pod["secrets"] != nil || uses, !features.contains("secrets") else { return [] }
        return [.disabled("secrets", at: "/secrets")]
    }

    private func role(_ pod: JSONObject) -> [Violation] {
        let role = pod["role"]?.string ?? roles.standard
        guard !roles.allowed.contains(role), role != old?.role else { return [] }
        let expected = roles.allowed.joined(separator: ", ")
        return [.init(path: "/role", message: "got \(role), expected one of: \(expected)")]
    }
}
