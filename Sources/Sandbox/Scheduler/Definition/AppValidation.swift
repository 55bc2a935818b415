import JSON

/// Marathon's model validation of a complete app, with its own messages.
struct AppValidation {
    typealias Violation = MarathonError.Violation

    let features: Set<String>
    let roles: RoleSettings
    /// What the app was before.
    let old: AppDefinition?

    func check(_ app: JSONObject, id: PathID) throws(MarathonError) {
        let violations =
            Self.identity(id) + launch(app) + constraints(app) + ports(app) + healthChecks(app) + readinessChecks(app)
            + strategy(app) + networks(app) + secrets(app) + volumes(app) + role(app)
        guard violations.isEmpty else { throw .invalidObject(violations) }
    }

    static func identity(_ id: PathID) -> [Violation] {
        if id == .root { return [.init(path: "/id", message: "must not be empty")] }
        return id.isValid
            ? [] : [.init(path: "/id", message: "must fully match regular expression '\(PathID.segmentPattern)'")]
    }

    private func launch(_ app: JSONObject) -> [Violation] {
        let hasCommand = app["cmd"] != nil
        let hasArguments = app["args"] != nil
        let hasImage = app["container"]?["docker"]?["image"] != nil
        if hasCommand != hasArguments || (!hasCommand && !hasArguments && hasImage) { return [] }
        let message = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'."
        return [.init(path: "/", message: message)]
    }

    private func constraints(_ app: JSONObject) -> [Violation] {
        (app["constraints"]?.array ?? []).enumerated().compactMap { index, constraint in
            let fields = (constraint.array ?? []).compactMap(\.string)
            let path = "/constraints(\(index))"
            guard (2...3).contains(fields.count) else {
                return .init(path: path, message: "Each constraint must have either 2 or 3 fields")
            }
            guard let kind = Constraint.Operator(rawValue: fields[1]) else {
                let message =
                    "operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS"
                return .init(path: path, message: message)
            }
            if let problem = Constraint.problem(kind, value: fields.count == 3 ? fields[2] : nil) {
                return .init(path: path, message: problem)
            }
            return nil
        }
    }

    private func ports(_ app: JSONObject) -> [Violation] {
        var violations: [Violation] = []
        let definitions = app["portDefinitions"]?.array
        let mappings = app["container"]?["portMappings"]?.array
        if definitions != nil, mappings != nil {
            let message = "portDefinitions and container.portMappings are not allowed at the same time"
            violations.append(.init(path: "/", message: message))
        }
        let path = definitions != nil ? "/portDefinitions" : "/container/portMappings"
        let names = (definitions ?? mappings ?? []).compactMap { $0["name"]?.string }
        if Set(names).count != names.count {
            violations.append(.init(path: path, message: "Port names must be unique."))
        }
        let numbers = (definitions ?? []).compactMap { $0["port"]?.int }.filter { $0 != 0 }
        if Set(numbers).count != numbers.count {
            violations.append(.init(path: path, message: "Ports must be unique."))
        }
        return violations
    }

    private func healthChecks(_ app: JSONObject) -> [Violation] {
        let count = (app["portDefinitions"]?.array ?? app["container"]?["portMappings"]?.array ?? []).count
        return (app["healthChecks"]?.array ?? []).enumerated().flatMap { index, check -> [Violation] in
            let path = "/healthChecks(\(index))"
            if check["protocol"]?.string == "COMMAND" {
                return check["command"] == nil
                    ? [.init(path: path, message: "COMMAND health checks require a command")] : []
            }
            if let portIndex = check["portIndex"]?.int, portIndex >= count {
                let message =
                    "Health check port indices must address an element of the ports array or container port mappings."
                return [.init(path: path, message: message)]
            }
            return []
        }
    }

    private func strategy(_ app: JSONObject) -> [Violation] {
        var violations: [Violation] = []
        for key in ["minimumHealthCapacity", "maximumOverCapacity"] {
            guard let value = app["upgradeStrategy"]?[key]?.double else { continue }
            if value < 0 { violations.append(.init(path: "/upgradeStrategy/\(key)", message: "is less than 0")) }
            if value > 1 { violations.append(.init(path: "/upgradeStrategy/\(key)", message: "is greater than 1")) }
        }
        if app["residency"] != nil, app["unreachableStrategy"]?.string != "disabled" {
            let message = "unreachableStrategy must be disabled for resident tasks"
            violations.append(.init(path: "/unreachableStrategy", message: message))
        }
        let single = app["labels"]?["MARATHON_SINGLE_INSTANCE_APP"]?.string == "true"
        if single, (app["instances"]?.int ?? 1) > 1 {
            violations.append(.init(path: "/instances", message: "Single instance app may only have one instance"))
        }
        return violations
    }

    private func networks(_ app: JSONObject) -> [Violation] {
        (app["networks"]?.array ?? []).enumerated().compactMap { index, network in
            let path = "/networks(\(index))"
            let hasName = network["name"] != nil
            switch network["mode"]?.string ?? "container" {
            case "host" where hasName || network["labels"]?.isEmptyContainer == false:
                return .init(path: path, message: "Host networks may not have names or labels")
            case "container/bridge" where hasName:
                return .init(path: path, message: "Bridge networks may not have names")
            case "container" where !hasName:
                return .init(path: path, message: "Network name must be specified when container network is selected.")
            default: return nil
            }
        }
    }

    private func readinessChecks(_ app: JSONObject) -> [Violation] {
        let ports = app["portDefinitions"]?.array ?? app["container"]?["portMappings"]?.array ?? []
        let names = ports.compactMap { $0["name"]?.string }
        let checks = app["readinessChecks"]?.array ?? []
        if checks.count > 1 {
            let message = "Currently at most one readiness check is supported."
            return [.init(path: "/readinessChecks", message: message)]
        }
        return checks.enumerated().compactMap { index, check in
            let name = check["portName"]?.string ?? "http-api"
            guard !names.contains(name) else { return nil }
            let listed = names.joined(separator: ", ")
            let message = "No port definition reference for portName \(name) found. Available ports: [\(listed)]"
            return .init(path: "/readinessChecks(\(index))/portName", message: message)
        }
    }

    private func role(_ app: JSONObject) -> [Violation] {
        let role = app["role"]?.string ?? roles.standard
        guard !roles.allowed.contains(role), role != old?.role else { return [] }
        let expected = roles.allowed.joined(separator: ", ")
        return [.init(path: "/role", message: "got \(role), expected one of: \(expected)")]
    }

    private func volumes(_ app: JSONObject) -> [Violation] {
        (app["container"]?["volumes"]?.array ?? []).enumerated().flatMap { index, volume -> [Violation] in
            let path = "/container/volumes(\(index))"
            if volume["external"] != nil { return disabled("external_volumes", path) }
            if let secret = volume["secret"]?.string {
                if app["secrets"]?[secret] == nil {
                    return [.init(path: path + "/secret", message: "volume.secret must refer to an existing secret")]
                }
                return disabled("secrets", path)
            }
            return []
        }
    }

    private func secrets(_ app: JSONObject) -> [Violation] {
        let used = (app["env"]?.object ?? JSONObject()).compactMap { name, value in
            value["secret"]?.string.map { (name, $0) }
        }
        let dangling = used.filter { app["secrets"]?[$0.1] == nil }.map { name, secret in
            Violation(path: "/env(\(name))", message: "references an undefined secret named '\(secret)'")
        }
        guard app["secrets"] != nil || !used.isEmpty else { return [] }
        return disabled("secrets", "/secrets") + dangling
    }

    private func disabled(_ feature: String, _ path: String) -> [Violation] {
        features.contains(feature) ? [] : [.disabled(feature, at: path)]
    }
}

extension MarathonError.Violation {
    static func disabled(_ feature: String, at path: String) -> Self {
        // The parenthesis that never opens is Marathon's own.
        Self(path: path, message: "Feature \(feature) is not enabled. Enable with --enable_features \(feature))")
    }
}
