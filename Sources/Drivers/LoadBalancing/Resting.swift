import Migration

/// A group of servers that is out of service, and the weight that it comes back with: what rz notes itself where a load
/// balancer knows no state of a group but its weight.
struct Resting: Sendable, Hashable {
    var administration: ServerState.Administration
    var weight: Int

    init(administration: ServerState.Administration, weight: Int) {
        self.administration = administration
        self.weight = weight
    }

    /// `drain:40`; nil for what is none.
    init?(_ text: some StringProtocol) {
        guard let colon = text.firstIndex(of: ":"),
            let administration = ServerState.Administration(rawValue: String(text[..<colon])),
            let weight = Int(text[text.index(after: colon)...]), administration != .ready
        else { return nil }
        self.init(administration: administration, weight: weight)
    }

    var text: String { "\(administration.rawValue):\(weight)" }
}
