/// A case of an enum as it is written: an object with the case's name under `type` and its values beside it, for example
/// `{"type":"shift","to":"10%","bake":"1m"}`.
///
/// Names and keys are texts that stand in one table for each enum, so that no name in Swift is one on the wire.
struct Tagged {
    private let type: String
    private let fields: KeyValuePairs<WireKey, (any Encodable)?>
    private let record: (any Encodable)?

    /// - Parameter fields: one that is nil is left out.
    init(_ type: String, _ fields: KeyValuePairs<WireKey, (any Encodable)?> = [:]) {
        self.type = type
        self.fields = fields
        record = nil
    }

    /// - Parameter record: an object, whose keys are written beside `type`. It has no `type` of its own.
    init(_ type: String, beside record: any Encodable) {
        self.type = type
        fields = [:]
        self.record = record
    }

    func encode(to encoder: any Encoder) throws {
        try record?.encode(to: encoder)
        var container = encoder.container(keyedBy: WireKey.self)
        try container.encode(type, forKey: .type)
        for (key, value) in fields {
            if let value { try container.encode(value, forKey: key) }
        }
    }
}

/// A `Tagged` as it is read.
struct TaggedFields {
    let type: String
    private let fields: KeyedDecodingContainer<WireKey>
    /// The key of a value that has no other; see `Format1.swift`.
    private let unnamed: WireKey?
    private let decoder: any Decoder

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: WireKey.self)
        self.decoder = decoder
        if let type = try container.decodeIfPresent(String.self, forKey: .type) {
            self.type = type
            fields = container
            unnamed = nil
        } else {
            (type, fields) = try Format1.taggedFields(in: container)
            unnamed = Format1.unnamed
        }
    }

    func callAsFunction<Value: Decodable>(_ key: WireKey) throws -> Value {
        try fields.decode(Value.self, forKey: place(of: key))
    }

    func optional<Value: Decodable>(_ key: WireKey) throws -> Value? {
        try fields.decodeIfPresent(Value.self, forKey: place(of: key))
    }

    /// The object that stands beside `type`.
    func record<Value: Decodable>() throws -> Value {
        if let unnamed { return try fields.decode(Value.self, forKey: unnamed) }
        return try Value(from: decoder)
    }

    /// All that stands beside `type`, where every value is a text.
    func texts() throws -> [String: String] {
        var texts: [String: String] = [:]
        for key in fields.allKeys where key.stringValue != WireKey.type.stringValue {
            let name = key.stringValue == unnamed?.stringValue ? Format1.name(ofValueIn: type) : key.stringValue
            texts[name] = try fields.decode(String.self, forKey: key)
        }
        return texts
    }

    /// For a `type` that is in no table.
    func unknown(_ what: String) -> DecodingError {
        .dataCorrupted(
            DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "unknown \(what) `\(type)`"))
    }

    private func place(of key: WireKey) -> WireKey {
        guard let unnamed, fields.contains(unnamed) else { return key }
        return unnamed
    }
}

/// A key of an object, by its text.
struct WireKey: CodingKey, ExpressibleByStringLiteral {
    static let type: WireKey = "type"

    let stringValue: String
    var intValue: Int? { nil }

    init(stringLiteral text: String) { stringValue = text }
    init(stringValue text: String) { stringValue = text }
    init?(intValue: Int) { nil }
}
