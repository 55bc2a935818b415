import JSON
import YAML

/// A compose document as mesos-compose reads it; what it can't decode it refuses as a whole, without a word.
///
/// Source: mesos-compose dd95e1b, `types/types.go`, read by Go's yaml.v3.
struct ComposeDocument: Sendable {
    private let tree: YAMLTree

    /// Nil for a text that mesos-compose answers 406 to.
    init?(_ text: String) {
        guard let tree = try? YAMLTree(yaml: text, merging: true), Kind.document.takes(tree) else { return nil }
        self.tree = tree
    }

    static let empty = ComposeDocument()

    private init() { tree = .map([]) }

    var serviceNames: [String] { (tree["services"]?.entries ?? []).map(\.key) }

    /// A service that is not there has no value in any field, as in Go.
    func service(_ name: String) -> YAMLTree { tree["services"]?[name] ?? .map([]) }

    func network(_ key: String) -> YAMLTree? { tree["networks"]?[key] }
    var hasNetworks: Bool { tree["networks"]?.entries?.isEmpty == false }
    func volumeDriver(_ name: String) -> String? { tree["volumes"]?[name]?["driver"]?.text }

    /// What the API answers: the document with the names of Go's fields.
    var shown: JSON {
        .object(
            JSONObject([
                ("Version", .string(tree["version"]?.text ?? "")),
                (
                    "Services",
                    .object(
                        JSONObject((tree["services"]?.entries ?? []).map { ($0.key, ComposeDocument.shown($0.value)) }))
                ),
                ("Networks", tree["networks"].map { JSON($0) } ?? .null),
                ("Volumes", tree["volumes"].map { JSON($0) } ?? .null),
            ]))
    }

    private static func shown(_ service: YAMLTree) -> JSON {
        .object(
            JSONObject(
                (service.entries ?? []).map { entry in
                    let name = entry.key.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }
                    return (name.joined(), JSON(entry.value))
                }))
    }

    /// The kinds of the fields, with those that are not spelled out taken whatever they hold.
    private indirect enum Kind: Sendable {
        case text, flag, number, texts
        case map(Kind)
        case fields([String: Kind])
        case anyMap

        func takes(_ value: YAMLTree) -> Bool {
            if value.isNull { return true }
            switch self {
            case .text: return value.scalar != nil
            case .flag:
                return value.scalar.map {
                    ["true", "false", "yes", "no", "on", "off", "y", "n"].contains($0.text.lowercased())
                }
                    ?? false
            case .number:
                guard let scalar = value.scalar, scalar.isPlain else { return false }
                return Double(scalar.text.hasPrefix(".") ? "0" + scalar.text : scalar.text) != nil
            case .texts: return value.elements.map { $0.allSatisfy(Kind.text.takes) } ?? false
            case .map(let kind): return value.entries.map { $0.allSatisfy { kind.takes($0.value) } } ?? false
            case .anyMap: return value.entries != nil
            case .fields(let fields):
                return value.entries.map { $0.allSatisfy { fields[$0.key]?.takes($0.value) ?? true } } ?? false
            }
        }

        static let document = Kind.fields([
            "version": .text, "services": .map(service), "networks": .map(.anyMap), "volumes": .map(.anyMap),
        ])
        private static let limit = Kind.fields(["soft": .number, "hard": .number])
        private static let service = Kind.fields([
            "network": .text, "networks": .map(.fields(["aliases": .texts])), "build": .text, "restart": .text,
            "volumes": .texts, "environment": .map(.text), "arguments": .texts, "depends_on": .texts, "ports": .texts,
            "image": .text, "labels": .anyMap, "network_mode": .text, "privileged": .flag, "command": .text,
            "shell": .flag, "hostname": .text, "container_name": .text, "container_type": .text, "cap_add": .texts,
            "cap_drop": .texts, "pull_policy": .text, "ulimits": .fields(["memlock": limit, "nofile": limit]),
            "healthcheck": .anyMap, "gpus": .fields(["driver": .text, "device": .number]),
            "mesos": .fields(["task_name": .text, "executor": .fields(["command": .text])]),
            "deploy": .fields([
                "replicas": .text, "runtime": .text,
                "placement": .fields(["attributes": .texts, "constraints": .texts]),
                "resources": .fields(["limits": .fields(["cpus": .number, "memory": .number])]),
            ]),
        ])
    }
}

extension YAMLTree {
    var text: String? { isNull ? nil : scalar?.text }
    var texts: [String] { (elements ?? []).map { $0.text ?? "" } }
}
