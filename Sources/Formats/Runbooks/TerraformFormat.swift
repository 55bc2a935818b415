import JSON
import Migration

/// `provision.terraform`.
enum TerraformFormat {
    static let shape = Shape.object([
        .required(
            "root", .text, "folder of the servers' root module; each color has its own state",
            example: "terraform/servers"),
        .optional(
            "disks", .text, "folder of the data disks' root module, a state that nothing destroys",
            example: "terraform/disks"),
        .optional(
            "variables", variables, "variables of both modules: texts, numbers, flags, lists and maps",
            example: "{ region: fra1, zones: [a, b] }"),
        .optional(
            "colors",
            .object(
                Color.allCases.map {
                    .optional(
                        $0.rawValue, variables, "variables of the \($0) servers",
                        example: "{ image: debian-12.11 }")
                }), "variables that differ between the colors"),
        .optional("backend", backend, "where the states are kept; without it in rz's own folder"),
        .optional(
            "inventory", .map(group),
            "by group, where its servers are in the outputs; without it in an output `inventory`"),
    ])

    /// References stand in texts only: a secret in a list would be shown with the list.
    private static let variables = Shape.map(.either([.string(.anything, references: true), .data]))

    private static let backend = Shape.object([
        .required("type", .text(.name), "the backend that the module declares, `backend \"pg\" {}`", example: "pg"),
        .required(
            "config", .map(.setting),
            "its settings, without secrets; `{{ color }}` stands for blue, green or disks, so that each state is "
                + "one of its own",
            example: "{ schema_name: \"shop_{{ color }}\" }"),
        .optional(
            "credentials", .map(.setting), "by environment variable of Terraform's, references to secrets",
            example: "{ PG_CONN_STR: \"${env:PG_CONN_STR}\" }"),
    ])

    private static let group = Shape.object([
        .required("output", .text, "the output: a list or a map, of objects or texts", example: "agents"),
        .optional("path", .text, "path to the list or map inside of it, with dots", example: "cluster.nodes"),
        .optional(
            "name", .text, "path of a server's name; without it `name`, or `@key`, its key in the map",
            example: "tags.Name"),
        .optional(
            "address", .text,
            "path of its address; without it `address`, or `@value`, the server itself where it is a text",
            example: "network.0.private_ip"),
        .optional("port", .text, "path of the port for SSH, which becomes `ansible_port`", example: "ssh_port"),
        .optional(
            "attributes", .map(.text), "its variables, each with a path; without it every other key that it has",
            example: "{ rack: labels.rack }"),
    ])

    // MARK: - Decoding

    static func root(_ value: Value, _ reader: inout Reader) -> TerraformRoot {
        var colors: [Color: [String: Setting]] = [:]
        for color in Color.allCases { colors[color] = value["colors", color.rawValue].map(settings) }
        let maps = [value["variables"]] + Color.allCases.map { value["colors", $0.rawValue] }
        let structured = maps.compactMap(\.self).flatMap(\.members).filter { isStructured($0.value) }.map(\.key)
        return TerraformRoot(
            root: value["root"]?.text ?? "", disks: value["disks"]?.text,
            variables: value["variables"].map(settings) ?? [:], colors: colors, structured: Array(Set(structured)),
            backend: value["backend"].map { backend($0, &reader) },
            inventory: value["inventory"].map { inventory in
                Dictionary(inventory.members.map { ($0.key, group($0.value)) }, uniquingKeysWith: { $1 })
            })
    }

    private static func settings(_ value: Value) -> [String: Setting] {
        Dictionary(
            value.members.map { member in
                (
                    member.key,
                    isStructured(member.value) ? Setting(member.value.json?.compact ?? "") : member.value.setting
                )
            }, uniquingKeysWith: { $1 })
    }

    private static func isStructured(_ value: Value) -> Bool {
        switch value.content {
        case .list, .object: true
        case .scalar, .unreadable: false
        }
    }

    private static func backend(_ value: Value, _ reader: inout Reader) -> TerraformBackend {
        let backend = TerraformBackend(
            type: value["type"]?.text ?? "", config: value["config"]?.settings ?? [:],
            credentials: value["credentials"]?.settings ?? [:])
        for problem in backend.problems {
            let keys = problem.key.split(separator: ".", maxSplits: 1).map(String.init)
            let place = keys.reduce(Value?.some(value)) { $0?[$1] } ?? value
            reader.problem(problem.message, at: place)
        }
        return backend
    }

    private static func group(_ value: Value) -> TerraformGroup {
        TerraformGroup(
            output: value["output"]?.text ?? "", path: value["path"]?.text, name: value["name"]?.text,
            address: value["address"]?.text, port: value["port"]?.text,
            attributes: value["attributes"].map { attributes in
                Dictionary(attributes.members.map { ($0.key, $0.value.text) }, uniquingKeysWith: { $1 })
            })
    }
}
