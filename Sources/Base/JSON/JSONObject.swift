/// The members of a JSON object in their order.
public struct JSONObject: Sendable, Sequence {
    private var names: [String] = []
    private var values: [JSON] = []
    /// Position of each name; only for objects too large to search through.
    private var positions: [String: Int]?

    private static let searchLimit = 12

    public init() {}

    /// A later member of the same name replaces an earlier one, at the earlier one's place.
    public init(_ pairs: some Sequence<(String, JSON)>) {
        for (name, value) in pairs { self[name] = value }
    }

    public var keys: [String] { names }
    public var count: Int { names.count }
    public var isEmpty: Bool { names.isEmpty }

    /// Setting keeps the place of a known name and appends a new one; setting nil removes.
    public subscript(key: String) -> JSON? {
        get { position(of: key).map { values[$0] } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?):
                values[position] = value
            case (nil, let value?):
                names.append(key)
                values.append(value)
                if positions != nil {
                    positions?[key] = names.count - 1
                } else if names.count > JSONObject.searchLimit {
                    index()
                }
            case (let position?, nil):
                names.remove(at: position)
                values.remove(at: position)
                if positions != nil { index() }
            case (nil, nil):
                break
            }
        }
    }

    public func makeIterator() -> AnyIterator<(key: String, value: JSON)> {
        var position = 0
        return AnyIterator {
            guard position < names.count else { return nil }
            defer { position += 1 }
            return (names[position], values[position])
        }
    }

    private func position(of key: String) -> Int? {
        if let positions { return positions[key] }
        return names.firstIndex(of: key)
    }

    private mutating func index() {
        positions = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
    }
}

extension JSONObject: Hashable {
    /// Two objects are equal when they have equal members in the same order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.names == right.names && left.values == right.values
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(names)
        hasher.combine(values)
    }
}
