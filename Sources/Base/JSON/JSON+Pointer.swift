extension JSON {
    /// The value that a JSON pointer leads to: `/hosts/0/name`; the empty one is the whole document.
    ///
    /// Source: RFC 6901.
    public func value(at pointer: String) -> JSON? {
        guard !pointer.isEmpty else { return self }
        guard pointer.hasPrefix("/") else { return nil }
        var value = self
        for part in pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let name = part.replacing("~1", with: "/").replacing("~0", with: "~")
            let next: JSON?
            if case .array = value {
                // No sign, and no zero in front of another digit: section 4.
                next = Int(name).flatMap { String($0) == name ? value[$0] : nil }
            } else {
                next = value[String(name)]
            }
            guard let next else { return nil }
            value = next
        }
        return value
    }

    /// A text as it is, a number as it was written, or a flag; nil for anything else.
    public var plainText: String? {
        switch self {
        case .string(let text): text
        case .number(let number): number.text
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
}
