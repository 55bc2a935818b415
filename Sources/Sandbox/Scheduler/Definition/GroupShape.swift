extension Shape {
    /// The types of a group update's own fields; its apps are looked at one by one, its groups are of the same type.
    static let groupUpdate = group(depth: 32)

    private static func group(depth: Int) -> Shape {
        .object([
            "id": .string(minimumLength: 1), "apps": .array(.any), "dependencies": .array(.string()),
            "groups": .array(depth == 0 ? .any : group(depth: depth - 1)), "scaleBy": .number(minimum: 0),
            "version": .string(), "enforceRole": .boolean,
        ])
    }
}
