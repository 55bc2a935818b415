/// What changed of a service, on the wire.
extension ServiceDelta.Change: Codable {
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .added: try Tagged("added").encode(to: encoder)
        case .removed: try Tagged("removed").encode(to: encoder)
        case .redefined(let fields): try Tagged("redefined", ["fields": fields]).encode(to: encoder)
        case .scaled(let before, let after): try Tagged("scaled", ["from": before, "to": after]).encode(to: encoder)
        }
    }

    public init(from decoder: any Decoder) throws {
        let read = try TaggedFields(from: decoder)
        switch read.type {
        case "added": self = .added
        case "removed": self = .removed
        case "redefined": self = .redefined(try read("fields"))
        case "scaled": self = .scaled(from: try read("from"), to: try read("to"))
        default: throw read.unknown("change")
        }
    }
}
