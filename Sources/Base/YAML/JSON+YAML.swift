import JSON

extension JSON {
    /// Reads a YAML document; scalars become what the core schema of YAML 1.2 makes of them, and keys are texts.
    ///
    /// - Throws: `YAMLError` with the line for what is no YAML, has a key twice, or is larger than a person writes.
    public init(yaml text: String) throws(YAMLError) {
        self.init(try YAMLTree(yaml: text))
    }

    /// What the core schema of YAML 1.2 makes of a tree.
    public init(_ tree: YAMLTree) {
        switch tree {
        case .scalar(let scalar): self.init(scalar)
        case .list(let elements): self = .array(elements.map { JSON($0) })
        case .map(let entries): self = .object(JSONObject(entries.map { ($0.key, JSON($0.value)) }))
        }
    }

    /// Only what is written plainly, and not tagged as a text, can be anything but a text.
    private init(_ scalar: YAMLTree.Scalar) {
        let text = scalar.text
        guard scalar.isPlain else {
            self = .string(text)
            return
        }
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .bool(true)
        case "false", "False", "FALSE": self = .bool(false)
        default:
            let number = text.hasPrefix("+") ? String(text.dropFirst()) : text
            if let json = try? JSON(parsing: number), case .number = json { self = json } else { self = .string(text) }
        }
    }
}
