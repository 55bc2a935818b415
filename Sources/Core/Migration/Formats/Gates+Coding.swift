/// The enums of gates on the wire.
extension Probe.Kind: Codable {
    public func encode(to encoder: any Encoder) throws { try tagged.encode(to: encoder) }

    private var tagged: Tagged {
        switch self {
        case .http(let url, let path, let expect, let headers):
            Tagged(
                "http",
                ["url": url, "path": path, "expect": expect, "headers": headers.isEmpty ? nil : headers])
        case .tcp(let address): Tagged("tcp", ["address": address])
        case .command(let command): Tagged("command", ["command": command])
        case .zooKeeper(let servers): Tagged("zooKeeper", ["servers": servers])
        case .mesosDNS(let name): Tagged("mesosDNS", beside: name)
        case .redis(let redis): Tagged("redis", beside: redis)
        case .vault(let url): Tagged("vault", ["url": url])
        case .traefik(let traefik): Tagged("traefik", beside: traefik)
        case .prometheus(let query): Tagged("prometheus", beside: query)
        }
    }

    public init(from decoder: any Decoder) throws {
        let read = try TaggedFields(from: decoder)
        switch read.type {
        case "http":
            self = .http(
                url: try read.optional("url"), path: try read("path"), expect: try read("expect"),
                headers: try read.optional("headers") ?? [:])
        case "tcp": self = .tcp(address: try read.optional("address"))
        case "command": self = .command(try read("command"))
        case "zooKeeper": self = .zooKeeper(servers: try read("servers"))
        case "mesosDNS": self = .mesosDNS(try read.record())
        case "redis": self = .redis(try read.record())
        case "vault": self = .vault(url: try read("url"))
        case "traefik": self = .traefik(try read.record())
        case "prometheus": self = .prometheus(try read.record())
        default: throw read.unknown("probe")
        }
    }
}

extension Analysis: Codable {
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .loadBalancers(let limits): try Tagged("haproxy", beside: limits).encode(to: encoder)
        case .prometheus(let limits): try Tagged("prometheus", beside: limits).encode(to: encoder)
        }
    }

    public init(from decoder: any Decoder) throws {
        let read = try TaggedFields(from: decoder)
        switch read.type {
        case "haproxy": self = .loadBalancers(try read.record())
        case "prometheus": self = .prometheus(try read.record())
        default: throw read.unknown("analysis")
        }
    }
}
