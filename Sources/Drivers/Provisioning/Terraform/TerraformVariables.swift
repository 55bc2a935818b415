import JSON
import Migration

/// A value that rz hands to a root module.
struct TerraformVariable: Sendable, Hashable {
    var name: String
    var text: String
    /// The value with its types, where environment.yaml has a list or a map.
    var data: JSON?
    /// Whether the value comes from outside environment.yaml, so that it is never shown.
    var isSecret = false
}

/// The file by which variables reach Terraform.
///
/// As the last `-var-file` of the command line it beats everything else: `terraform.tfvars`, `*.auto.tfvars` and
/// `TF_VAR_…`. Secrets stay out of the list of processes that way.
///
/// Source: "Variable definition precedence", https://developer.hashicorp.com/terraform/language/values/variables
struct TerraformVariables: Sendable {
    let all: [TerraformVariable]
    /// The root module, whose declarations say how a text is meant.
    let module: String

    /// The contents of the file.
    var fileText: String {
        let declared = declaredTypes()
        return all.map { variable in
            let isExpression = TerraformVariables.isExpression(variable.text, of: declared[variable.name])
            let value =
                variable.data.map(TerraformValue.expression)
                ?? (isExpression ? variable.text : TerraformValue.quoted(variable.text))
            return "\(variable.name) = \(value)\n"
        }.joined()
    }

    /// The same for commands that take no file: Terraform asks for ephemeral variables once more when it applies.
    var environment: [String: String] {
        Dictionary(
            all.map { ("TF_VAR_" + $0.name, $0.data.map(TerraformValue.expression) ?? $0.text) },
            uniquingKeysWith: { $1 })
    }

    /// What a plan resolved otherwise than it was handed, one line each; values of secrets are not shown.
    ///
    /// Variables that a plan does not hold are none of the module's, or ephemeral.
    func differences(from resolved: [String: JSON]) -> [String] {
        all.compactMap { variable in
            guard let value = resolved[variable.name],
                !(variable.data.map { TerraformValue.isSame(value, $0) } ?? isSame(value, variable.text))
            else { return nil }
            if variable.isSecret { return "\(variable.name): both values are secret" }
            let found = Failure.shortened(value.string ?? value.compact, to: 200)
            return "\(variable.name): “\(Failure.shortened(variable.text, to: 200))” was handed, “\(found)” was planned"
        }
    }

    /// Terraform shows texts as they were handed, and lists and maps as values, whose words may differ.
    private func isSame(_ value: JSON, _ text: String) -> Bool {
        if let string = value.string { return string == text }
        guard let handed = try? JSON(parsing: text) else { return value.object != nil || value.array != nil }
        return handed == value
    }

    /// Lists and maps may be given in Terraform's language. That is what a text means that looks like one, unless the
    /// module wants a text.
    private static func isExpression(_ text: String, of type: String?) -> Bool {
        guard let first = text.first(where: { !$0.isWhitespace }), first == "[" || first == "{", let type else {
            return false
        }
        return !["string", "number", "bool"].contains(type)
    }

    /// The first word of each declared type: `string`, `map(string)`, `object({…`.
    private func declaredTypes() -> [String: String] {
        var types: [String: String] = [:]
        for file in Files.names(in: module) where file.hasSuffix(".tf") {
            var variable: String?
            for line in (Files.textIfThere(module + "/" + file) ?? "").split(whereSeparator: \.isNewline) {
                var words = line.split { $0.isWhitespace || "{}\"=".contains($0) }[...]
                if words.first == "variable", words.count > 1 {
                    variable = String(words[1])
                    words = words.dropFirst(2)
                }
                guard let variable, words.first == "type", words.count > 1, types[variable] == nil else { continue }
                types[variable] = String(words[words.startIndex + 1])
            }
        }
        return types
    }
}
