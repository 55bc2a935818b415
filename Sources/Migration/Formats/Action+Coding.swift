/// What a step does, on the wire.
extension Action: Codable {
    public func encode(to encoder: any Encoder) throws { try tagged.encode(to: encoder) }

    private var tagged: Tagged {
        switch self {
        case .check: Tagged("check")
        case .buildDisks: Tagged("buildDisks")
        case .buildServers: Tagged("buildServers")
        case .configure: Tagged("configure")
        case .awaitPlatform: Tagged("awaitPlatform")
        case .launch(let service): Tagged("launch", ["service": service])
        case .awaitServices: Tagged("awaitServices")
        case .readyTraffic: Tagged("readyTraffic")
        case .shift(let share, let bake): Tagged("shift", ["to": share, "bake": bake])
        case .handOver(let service): Tagged("handOver", ["service": service])
        case .drain: Tagged("drain")
        case .soak(let period): Tagged("soak", ["for": period])
        case .stopServices: Tagged("stopServices")
        case .destroyServers: Tagged("destroyServers")
        case .approval(let count, let reason): Tagged("approval", ["count": count, "reason": reason])
        case .exec(let work): Tagged("exec", beside: work)
        case .http(let work): Tagged("http", beside: work)
        case .wait(let period): Tagged("wait", ["for": period])
        }
    }

    public init(from decoder: any Decoder) throws {
        let read = try TaggedFields(from: decoder)
        switch read.type {
        case "check": self = .check
        case "buildDisks": self = .buildDisks
        case "buildServers": self = .buildServers
        case "configure": self = .configure
        case "awaitPlatform": self = .awaitPlatform
        case "launch": self = .launch(try read("service"))
        case "awaitServices": self = .awaitServices
        case "readyTraffic": self = .readyTraffic
        case "shift": self = .shift(to: try read("to"), bake: try read("bake"))
        case "handOver": self = .handOver(try read("service"))
        case "drain": self = .drain
        case "soak": self = .soak(try read("for"))
        case "stopServices": self = .stopServices
        case "destroyServers": self = .destroyServers
        case "approval": self = .approval(count: try read("count"), reason: try read("reason"))
        case "exec": self = .exec(try read.record())
        case "http": self = .http(try read.record())
        case "wait": self = .wait(try read("for"))
        default: throw read.unknown("action")
        }
    }
}
