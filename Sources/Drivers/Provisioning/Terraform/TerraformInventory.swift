import JSON
import Migration

/// Makes rz's inventory of outputs that have another shape.
struct TerraformInventory {
    private let groups: [String: TerraformGroup]

    init(_ groups: [String: TerraformGroup]) { self.groups = groups }

    static let advice = "Correct `provision.terraform.inventory` in environment.yaml, or the module's outputs."

    /// Group -> list of objects with `name`, `address` and more.
    ///
    /// - Throws: `Failure` that names the group and the path; never a value.
    func json(_ outputs: [String: JSON], at place: String) throws(Failure) -> JSON {
        var result: [(String, JSON)] = []
        for (name, group) in groups.sorted(by: { $0.key < $1.key }) {
            guard let output = outputs[group.output] else {
                throw Failure(
                    "Group \(name): the module has no output `\(group.output)`", at: place,
                    details: ["outputs: \(outputs.keys.sorted().joined(separator: ", "))"],
                    advice: TerraformInventory.advice)
            }
            guard let servers = TerraformInventory.servers(output, group) else {
                throw Failure(
                    "Group \(name): output `\(group.output)`\(group.path.map { ", path `\($0)`," } ?? "") is neither "
                        + "a list nor a map", at: place, advice: TerraformInventory.advice)
            }
            result.append((name, .array(servers)))
        }
        return .object(JSONObject(result))
    }

    /// The same of a plan, which knows only a part of the outputs: what is unknown is left out.
    func json(partly outputs: [String: JSON]) -> JSON {
        .object(
            JSONObject(
                groups.map { name, group in
                    (name, .array(outputs[group.output].flatMap { TerraformInventory.servers($0, group) } ?? []))
                }))
    }

    private static func servers(_ output: JSON, _ group: TerraformGroup) -> [JSON]? {
        guard let value = value(of: group.path, in: output, key: nil) else { return nil }
        if let list = value.array { return list.map { server($0, key: nil, group) } }
        guard let map = value.object else { return nil }
        return map.map { server($0.value, key: $0.key, group) }
    }

    /// A field that can't be found is left out: who reads the inventory says which server lacks it.
    private static func server(_ json: JSON, key: String?, _ group: TerraformGroup) -> JSON {
        func text(_ path: String?, _ usual: [String]) -> JSON? {
            let paths = path.map { [$0] } ?? usual
            return paths.lazy.compactMap { value(of: $0, in: json, key: key) }.first { $0.string != nil }
        }
        var fields: [(String, JSON)] = []
        if let attributes = group.attributes {
            for (name, path) in attributes.sorted(by: { $0.key < $1.key }) where name != "name" && name != "address" {
                if let value = value(of: path, in: json, key: key) { fields.append((name, value)) }
            }
        } else {
            for (name, value) in json.object ?? JSONObject() where name != "name" && name != "address" {
                fields.append((name, value))
            }
        }
        if let name = text(group.name, ["name", "@key"]) { fields.append(("name", name)) }
        if let address = text(group.address, ["address", "@value"]) { fields.append(("address", address)) }
        if let port = group.port, let value = value(of: port, in: json, key: key) {
            fields.removeAll { $0.0 == "ansible_port" }
            fields.append(("ansible_port", value))
        }
        return .object(JSONObject(fields))
    }

    private static func value(of path: String?, in json: JSON, key: String?) -> JSON? {
        guard let path else { return json }
        if path == "@key" { return key.map(JSON.string) }
        if path == "@value" { return json }
        return path.split(separator: ".").reduce(JSON?.some(json)) { value, part in
            guard let value else { return nil }
            return value[String(part)] ?? Int(part).flatMap { value.array != nil ? value[$0] : nil }
        }
    }
}
