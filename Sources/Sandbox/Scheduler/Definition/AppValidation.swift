import JSON

/// Marathon's model validation of a complete app, with its own messages.
enum AppValidation {
    typealias Violation = MarathonError.Violation

    static func check(_ app: JSONObject, id: PathID) throws(MarathonError) {
        let violations =
            identity(id) + launch(app) + constraints(app) + ports(app) + healthChecks(app) + strategy(app)
            + networks(app) + secrets(app)
        guard violations.isEmpty else { throw .invalidObject(violations) }
    }

    private static func identity(_ id: PathID) -> [Violation] {
        if id == .root { return [.init(path: "/id", message: "must not be empty")] }
        return id.isValid
            ? [] : [.init(path: "/id", message: "must fully match regular expression '\(PathID.segmentPattern)'")]
    }

    private static func launch(_ app: JSONObject) -> [Violation] {
        let hasCommand = app["cmd"] != nil
        let hasArguments = app["args"] != nil
        let hasImage = app["container"]?["docker"]?["image"] != nil
        if hasCommand != hasArguments || (!hasCommand && !hasArguments && hasImage) { return [] }
        let message = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'."
        return [.init(path: "/", message: message)]
    }

    private static func constraints(_ app: JSONObject) -> [Violation] {
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

    private static func ports(_ app: JSONObject) -> [Violation] {
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

    private static func healthChecks(_ app: JSONObject) -> [Violation] {
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

    private static func strategy(_ app: JSONObject) -> [Violation] {
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

    private static func networks(_ app: JSONObject) -> [Violation] {
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

    private static func secrets(_ app: JSONObject) -> [Violation] {
        let usesSecrets = (app["env"]?.object ?? JSONObject()).contains { $0.value["secret"] != nil }
        guard app["secrets"] != nil || usesSecrets else { return [] }
        // The parenthesis that never opens is Marathon's own.
        return [
            .init(path: "/secrets", message: "Feature secrets is not enabled. Enable with --enable_features secrets)")
        ]
    }
}
