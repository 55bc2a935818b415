import JSON
import Migration

/// Which run may write, and who is taken out of service: what Traefik keeps no state of, and rz has to find again,
/// whoever reads it.
///
/// It stands in the headers of a middleware that no router uses: Traefik's API gives it back with the rest of what it
/// serves.
struct TraefikNote: Sendable, Hashable {
    static let epochHeader = "Rz-Epoch"
    static let restingHeader = "Rz-Resting"

    var epoch: EpochEntry?
    /// By `SERVICE/CHILD`.
    var resting: [String: Resting] = [:]

    init() {}

    /// - Parameter headers: their names in any letters, small or large.
    init(_ headers: [String: String]) {
        for (name, value) in headers {
            switch name.lowercased() {
            case TraefikNote.epochHeader.lowercased(): epoch = EpochEntry(Substring(value))
            case TraefikNote.restingHeader.lowercased():
                for part in value.split(separator: " ") {
                    guard let equals = part.lastIndex(of: "="), let rest = Resting(part[part.index(after: equals)...])
                    else { continue }
                    resting[String(part[..<equals])] = rest
                }
            default: continue
            }
        }
    }

    /// By name.
    var headers: [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let epoch { headers.append((TraefikNote.epochHeader, epoch.description)) }
        let lines = resting.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }
        if !lines.isEmpty { headers.append((TraefikNote.restingHeader, lines.joined(separator: " "))) }
        return headers
    }

    /// The middleware's name, without a provider.
    static func middleware(_ environment: String) -> String { "rz-epoch-\(environment)" }
}
