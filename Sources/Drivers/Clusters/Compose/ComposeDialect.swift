import JSON
import Migration
import YAML

/// A compose file as mesos-compose decodes it: what it answers 406 to is refused with the place, and every value takes
/// the kind that it has there, so that sending it gives the same record, whatever it was written like.
///
/// Source: mesos-compose dd95e1b, `types/types.go`, read by Go's yaml.v3.
struct ComposeDialect {
    let file: String

    /// - Returns: the document; keys that mesos-compose does not know stay as they are.
    /// - Throws: `Failure` with the file and the path of the first thing that mesos-compose answers 406 to.
    func document(_ tree: YAMLTree) throws(Failure) -> JSON {
        try decode(tree, ComposeDialect.document, at: "") ?? .object(JSONObject())
    }

    /// A service, as it is after overrides.
    func service(_ json: JSON, at path: String) throws(Failure) -> JSONObject {
        try decode(YAMLTree(json), ComposeDialect.service, at: path)?.object ?? JSONObject()
    }

    /// Whether mesos-compose reads a key of a service.
    static func knows(_ key: String) -> Bool { serviceFields[key] != nil }

    // MARK: - The kinds of Go's fields

    private indirect enum Form: Sendable {
        case text, flag, decimal, whole
        /// `map[string]interface{}` whose values are printed.
        case printed
        case list(Form)
        case map(Form)
        /// Unknown keys are ignored.
        case structure([String: Form])

        var name: String {
            switch self {
            case .text: "a text"
            case .flag: "a flag"
            case .decimal, .whole: "a number"
            case .printed, .map, .structure: "a map"
            case .list: "a list"
            }
        }
    }

    private func decode(_ tree: YAMLTree, _ form: Form, at path: String) throws(Failure) -> JSON? {
        if tree.isNull { return nil }
        switch (form, tree) {
        case (.text, .scalar(let scalar)): return .string(scalar.text)
        case (.flag, .scalar(let scalar)): if let flag = GoYAML.flag(scalar) { return .bool(flag) }
        case (.decimal, .scalar(let scalar)): if let number = decimal(scalar) { return .number(number) }
        case (.whole, .scalar(let scalar)): if let number = whole(scalar) { return .number(JSONNumber(number)) }
        case (.list(let inner), .list(let elements)):
            var values: [JSON] = []
            for (index, element) in elements.enumerated() {
                values.append(try decode(element, inner, at: "\(path)[\(index)]") ?? "")
            }
            return .array(values)
        case (.map(let inner), .map(let entries)):
            var object = JSONObject()
            for entry in entries {
                let nothing: JSON = if case .text = inner { "" } else { [:] }
                object[entry.key] = try decode(entry.value, inner, at: place(path, entry.key)) ?? nothing
            }
            return .object(object)
        case (.structure(let fields), .map(let entries)):
            var object = JSONObject()
            for entry in entries {
                object[entry.key] =
                    if let inner = fields[entry.key] {
                        try decode(entry.value, inner, at: place(path, entry.key))
                    } else { JSON(entry.value) }
            }
            return .object(object)
        case (.printed, .map(let entries)):
            var object = JSONObject()
            for entry in entries {
                guard let text = GoYAML.printed(entry.value) else {
                    throw refuse(place(path, entry.key), "rz does not take a date here: write it in quotes")
                }
                object[entry.key] = .string(text)
            }
            return .object(object)
        default: break
        }
        throw refuse(path, "mesos-compose rejects this (HTTP 406): expected \(form.name), not \(kind(of: tree))")
    }

    private func decimal(_ scalar: YAMLTree.Scalar) -> JSONNumber? {
        switch GoYAML.value(of: scalar) {
        case .whole(let whole): JSONNumber(whole)
        case .decimal(let decimal): JSONNumber(decimal)
        default: nil
        }
    }

    /// A fraction is cut off.
    private func whole(_ scalar: YAMLTree.Scalar) -> Int? {
        switch GoYAML.value(of: scalar) {
        case .whole(let whole): whole
        case .decimal(let decimal) where abs(decimal) < 1e15: Int(decimal)
        default: nil
        }
    }

    private func place(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func refuse(_ path: String, _ reason: String) -> Failure {
        Failure(reason, at: path.isEmpty ? file : "\(file): \(path)")
    }

    private func kind(of tree: YAMLTree) -> String {
        switch tree {
        case .list: "a list"
        case .map: "a map"
        case .scalar(let scalar):
            switch GoYAML.value(of: scalar) {
            case .nothing: "nothing"
            case .flag: "a flag"
            case .whole, .decimal: "a number of this kind"
            case .date: "a date"
            case .text: "a text"
            }
        }
    }

    // MARK: - types.go

    private static let document = Form.structure([
        "version": .text, "services": .map(service), "volumes": .map(.structure(["driver": .text])),
        "networks": .map(.structure(["external": .flag, "name": .text, "driver": .text])),
    ])

    private static let service = Form.structure(serviceFields)

    private static let serviceFields: [String: Form] = [
        "network": .text, "networks": .map(.structure(["aliases": .list(.text)])), "build": .text, "restart": .text,
        "volumes": .list(.text), "environment": .map(.text), "arguments": .list(.text), "depends_on": .list(.text),
        "ports": .list(.text), "image": .text, "labels": .printed, "network_mode": .text, "privileged": .flag,
        "command": .text, "shell": .flag, "deploy": deploy, "hostname": .text, "container_name": .text,
        "container_type": .text, "cap_add": .list(.text), "cap_drop": .list(.text), "pull_policy": .text,
        "ulimits": .structure(["memlock": limits, "nofile": limits]),
        "mesos": .structure([
            "task_name": .text, "executor": .structure(["command": .text]), "fetch": .list(fetched),
        ]), "healthcheck": healthCheck, "gpus": .structure(["driver": .text, "device": .whole]),
    ]

    private static let deploy = Form.structure([
        "placement": .structure(["attributes": .list(.text), "constraints": .list(.text)]), "replicas": .text,
        "resources": .structure(["limits": .structure(["cpus": .decimal, "memory": .decimal])]), "runtime": .text,
    ])

    private static let limits = Form.structure(["soft": .whole, "hard": .whole])

    /// The fields of Mesos's own messages have no names for YAML: theirs in small letters count, without underscores.
    private static let fetched = Form.structure([
        "value": .text, "executable": .flag, "extract": .flag, "cache": .flag, "outputfile": .text,
    ])

    private static let healthCheck = Form.structure([
        "delayseconds": .decimal, "intervalseconds": .decimal, "timeoutseconds": .decimal,
        "consecutivefailures": .whole, "graceperiodseconds": .decimal, "type": .whole,
        "command": .structure(["value": .text, "arguments": .list(.text), "shell": .flag, "user": .text]),
        "http": .structure(["scheme": .text, "port": .whole, "path": .text, "statuses": .list(.whole)]),
        "tcp": .structure(["port": .whole]),
    ])
}

extension YAMLTree {
    /// JSON is YAML, whose texts stand in quotes.
    init(_ json: JSON) {
        switch json {
        case .null: self = .scalar(Scalar("null", isPlain: true))
        case .bool(let flag): self = .scalar(Scalar(flag ? "true" : "false", isPlain: true))
        case .number(let number): self = .scalar(Scalar(number.text, isPlain: true))
        case .string(let text): self = .scalar(Scalar(text, isPlain: false))
        case .array(let elements): self = .list(elements.map { YAMLTree($0) })
        case .object(let object): self = .map(object.map { Entry($0.key, YAMLTree($0.value)) })
        }
    }
}
