import JSON

extension JSONObject {
    /// Fields in the order in which they are to be written.
    init(fields: [(String, JSON)]) {
        self.init(fields)
    }
}

extension JSON {
    /// A whole number.
    static func count(_ count: Int) -> JSON {
        .number(JSONNumber(count))
    }

    /// An amount; one that is not finite has no JSON and becomes null.
    static func amount(_ amount: Double) -> JSON {
        JSONNumber(amount).map(JSON.number) ?? .null
    }
}
