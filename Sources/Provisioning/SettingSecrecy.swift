import Migration

extension Setting {
    /// Whether a part of the text comes from the environment or from a file, and so may not be shown.
    var isSecret: Bool {
        parts.contains {
            if case .reference(let source, _) = $0 { source != "rz" } else { false }
        }
    }
}
