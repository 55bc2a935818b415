import JSON

/// Values in Terraform's language. JSON is almost a part of it: `${` and `%{` in texts are escaped.
///
/// Source: "Expressions", https://developer.hashicorp.com/terraform/language/expressions
enum TerraformValue {
    static func expression(_ json: JSON) -> String {
        switch json {
        case .string(let text): quoted(text)
        case .array(let values): "[" + values.map(expression).joined(separator: ", ") + "]"
        case .object(let object):
            "{" + object.map { "\(quoted($0.key)) = \(expression($0.value))" }.joined(separator: ", ") + "}"
        default: json.compact
        }
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result.replacing("${", with: "$${").replacing("%{", with: "%%{") + "\""
    }

    /// Whether a plan's value is what was handed, after Terraform made it fit the variable's type: numbers become texts,
    /// sets lose their order, objects gain optional attributes and lose unknown ones.
    static func isSame(_ planned: JSON, _ handed: JSON) -> Bool {
        if let handed = handed.object {
            guard let planned = planned.object else { return false }
            return handed.allSatisfy { key, value in planned[key].map { isSame($0, value) } ?? true }
        }
        if let handed = handed.array {
            guard let planned = planned.array else { return false }
            return handed.allSatisfy { value in planned.contains { isSame($0, value) } }
                && planned.allSatisfy { value in handed.contains { isSame(value, $0) } }
        }
        if planned == handed { return true }
        if planned.isNull || handed.isNull || planned.object != nil || planned.array != nil { return false }
        return scalar(planned) == scalar(handed)
    }

    private static func scalar(_ json: JSON) -> String {
        let text = json.string ?? json.compact
        return Double(text).map { "\($0)" } ?? text
    }
}
