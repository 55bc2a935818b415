import JSON
import Migration

/// What mesos-compose takes of a compose file; what it would answer 406 to, or read as something else, is refused here,
/// with the place.
///
/// Source: mesos-compose 1.2, `types/compose.go`.
enum ComposeDialect {
    /// - Throws: `Failure` with the file and the path of the first thing that mesos-compose does not take.
    static func check(_ service: JSON, at path: String, in file: String) throws(Failure) {
        func refuse(_ key: String, _ reason: String) -> Failure {
            Failure(
                "mesos-compose does not take this: \(reason)", at: "\(file): \(key.isEmpty ? path : "\(path).\(key)")")
        }
        guard let object = service.object else { throw refuse("", "a service has keys with values") }
        for (key, value) in object where !value.isNull {
            switch key {
            case "environment", "labels", "networks":
                guard value.object != nil else { throw refuse(key, "\(key) is a map here, not \(kind(of: value))") }
                if key == "networks" { continue }
                for (name, inner) in value.object ?? JSONObject() where inner.object != nil || inner.array != nil {
                    throw refuse("\(key).\(name)", "a text is expected, not \(kind(of: inner))")
                }
            case "image", "command", "restart", "hostname", "container_name", "container_type", "network_mode",
                "pull_policy":
                guard value.array == nil, value.object == nil else {
                    throw refuse(key, "\(key) is a text here, not \(kind(of: value))")
                }
                if let words = words[key], let text = value.string, !words.contains(text) {
                    throw refuse(key, "“\(text)” is none of \(words.joined(separator: ", "))")
                }
            case "arguments", "volumes", "ports", "cap_add", "cap_drop":
                guard let list = value.array else { throw refuse(key, "\(key) is a list, not \(kind(of: value))") }
                for (index, element) in list.enumerated() {
                    guard element.object == nil, element.array == nil else {
                        throw refuse("\(key)[\(index)]", "a text is expected, not \(kind(of: element))")
                    }
                    if key == "ports", !isPort(element.string ?? element.compact) {
                        throw refuse("\(key)[\(index)]", "“\(element.string ?? element.compact)” is no single port")
                    }
                }
            case "deploy", "healthcheck", "mesos", "ulimits", "gpus":
                guard value.object != nil else { throw refuse(key, "\(key) is a map, not \(kind(of: value))") }
            default: continue
            }
        }
        if let replicas = service["deploy"]?["replicas"] {
            guard let number = replicas.int ?? replicas.string.flatMap({ Int($0) }), number >= 0 else {
                throw refuse("deploy.replicas", "a number is expected")
            }
        }
    }

    private static let words: [String: [String]] = [
        "restart": ["no", "on-failure", "unless-stopped", "always"], "container_type": ["docker", "mesos"],
    ]

    /// `80`, `8080:80`, `127.0.0.1:8080:80/http`.
    private static func isPort(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let numbers = parts.first?.split(separator: ":"), (1...3).contains(numbers.count) else {
            return false
        }
        if parts.count == 2, !["tcp", "udp", "http", "https", "h2c", "wss"].contains(parts[1]) { return false }
        return numbers.suffix(2).allSatisfy { Int($0).map { (0...65_535).contains($0) } ?? false }
    }

    private static func kind(of value: JSON) -> String {
        switch value {
        case .array: "a list"
        case .object: "a map"
        case .string: "a text"
        case .number: "a number"
        case .bool: "a flag"
        case .null: "nothing"
        }
    }
}
