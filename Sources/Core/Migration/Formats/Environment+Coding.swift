/// The enums of an environment on the wire; those of its gates are in `Gates+Coding.swift`.
extension ApprovalRule: Codable {
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .needed(let demand, let within):
            let limit = within == ApprovalRule.standardLimit ? nil : within
            // The words of an older rz, for what it knew.
            if limit == nil, demand == ApprovalDemand(demand.people, othersOnly: demand.othersOnly) {
                try Tagged(demand.othersOnly ? "others" : "count", ["count": demand.people]).encode(to: encoder)
            } else {
                try Tagged("needed", ["demand": demand, "within": limit]).encode(to: encoder)
            }
        case .waived(let reason): try Tagged("waived", ["reason": reason]).encode(to: encoder)
        }
    }

    public init(from decoder: any Decoder) throws {
        let read = try TaggedFields(from: decoder)
        switch read.type {
        case "count": self = .needed(ApprovalDemand(try read("count")))
        case "others": self = .needed(ApprovalDemand(try read("count"), othersOnly: true))
        case "needed":
            self = .needed(try read("demand"), within: try read.optional("within") ?? ApprovalRule.standardLimit)
        case "waived": self = .waived(reason: try read("reason"))
        default: throw read.unknown("rule of approvals")
        }
    }
}

extension IdempotenceException.Subject: Codable {
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .task(let name): try Tagged("task", ["name": name]).encode(to: encoder)
        case .tag(let name): try Tagged("tag", ["name": name]).encode(to: encoder)
        }
    }

    public init(from decoder: any Decoder) throws {
        let read = try TaggedFields(from: decoder)
        switch read.type {
        case "task": self = .task(try read("name"))
        case "tag": self = .tag(try read("name"))
        default: throw read.unknown("exception of the idempotence check")
        }
    }
}

extension ServiceSource: Codable {
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .marathon(let marathon): try Tagged("marathon", beside: marathon).encode(to: encoder)
        case .metronome(let access): try Tagged("metronome", beside: access).encode(to: encoder)
        case .chronos(let access): try Tagged("chronos", beside: access).encode(to: encoder)
        case .compose(let compose): try Tagged("compose", beside: compose).encode(to: encoder)
        }
    }

    public init(from decoder: any Decoder) throws {
        let read = try TaggedFields(from: decoder)
        switch read.type {
        case "marathon": self = .marathon(try read.record())
        case "metronome": self = .metronome(try read.record())
        case "chronos": self = .chronos(try read.record())
        case "compose": self = .compose(try read.record())
        default: throw read.unknown("source of services")
        }
    }
}

extension Override.Match: Codable {
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .id(let pattern): try Tagged("id", ["pattern": pattern]).encode(to: encoder)
        case .label(let name, let value): try Tagged("label", ["name": name, "value": value]).encode(to: encoder)
        }
    }

    public init(from decoder: any Decoder) throws {
        let read = try TaggedFields(from: decoder)
        switch read.type {
        case "id": self = .id(try read("pattern"))
        case "label": self = .label(name: try read("name"), value: try read("value"))
        default: throw read.unknown("match of an override")
        }
    }
}
