/// A JSON document or a part of one (RFC 8259), kept so that writing it gives back what was read: the order of keys,
/// the text of numbers, and every key that no one knows.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// A number as it was written: `1.10` stays `1.10`, and an integer of any length keeps all its digits.
public struct JSONNumber: Sendable, Hashable {
    public let text: String

    /// The text must be a number by RFC 8259, section 6.
    init(unchecked text: String) { self.text = text }
    public init(_ number: Int) { text = String(number) }

    /// Nil for infinities and for what is not a number: JSON has neither.
    public init?(_ number: Double) {
        guard number.isFinite else { return nil }
        text = number.rounded() == number && abs(number) < 1e15 ? String(Int64(number)) : String(number)
    }

    /// The number, if it is whole and fits.
    public var int: Int? {
        if let int = Int(text) { return int }
        guard let double, double.rounded() == double, abs(double) < 9e15 else { return nil }
        return Int(double)
    }

    /// The nearest double; nil when it is out of range.
    public var double: Double? { Double(text).flatMap { $0.isFinite ? $0 : nil } }
}

extension JSON {
    public subscript(key: String) -> JSON? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    public subscript(index: Int) -> JSON? {
        if case .array(let array) = self, array.indices.contains(index) { array[index] } else { nil }
    }

    public var isNull: Bool { self == .null }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var int: Int? { if case .number(let value) = self { value.int } else { nil } }
    public var double: Double? { if case .number(let value) = self { value.double } else { nil } }
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
}

extension JSON {
    /// The value with each of its texts changed, keys too.
    public func mapTexts(_ change: (String) -> String) -> JSON {
        switch self {
        case .string(let text): .string(change(text))
        case .array(let elements): .array(elements.map { $0.mapTexts(change) })
        case .object(let members):
            .object(JSONObject(members.map { (change($0.key), $0.value.mapTexts(change)) }))
        case .null, .bool, .number: self
        }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    public init(floatLiteral value: Double) { self = JSONNumber(value).map(JSON.number) ?? .null }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}
