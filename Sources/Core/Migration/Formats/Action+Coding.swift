/// What a step does, on the wire.
extension Action: Codable {
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .builtIn(let kind, let arguments):
            var container = encoder.container(keyedBy: WireKey.self)
            try container.encode(kind, forKey: .type)
            for (key, text) in arguments { try container.encode(text, forKey: WireKey(stringValue: key)) }
        case .approval(let demand, let reason):
            let terms = demand == ApprovalDemand(demand.people) ? nil : demand
            try Tagged("approval", ["count": demand.people, "reason": reason, "demand": terms]).encode(to: encoder)
        case .exec(let work): try Tagged("exec", beside: work).encode(to: encoder)
        case .http(let work): try Tagged("http", beside: work).encode(to: encoder)
        case .wait(let period): try Tagged("wait", ["for": period]).encode(to: encoder)
        case .window: try Tagged("window").encode(to: encoder)
        }
    }

    /// Which kinds there are is for the operation to say, which refuses those that it does not know.
    public init(from decoder: any Decoder) throws {
        let read = try TaggedFields(from: decoder)
        switch read.type {
        case "approval":
            self = .approval(
                try read.optional("demand") ?? ApprovalDemand(try read("count")), reason: try read("reason"))
        case "exec": self = .exec(try read.record())
        case "http": self = .http(try read.record())
        case "wait": self = .wait(try read("for"))
        case "window": self = .window
        default: self = .builtIn(StepKind(rawValue: read.type), try read.texts())
        }
    }
}
