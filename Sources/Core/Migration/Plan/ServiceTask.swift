/// A task of a service that runs, and may be given users: where its framework checks it, it is healthy.
public struct ServiceTask: Sendable, Hashable {
    /// A port of its host that it was given.
    public struct Port: Sendable, Hashable {
        /// What the definition calls it.
        public var name: String?
        public var number: Int

        public init(_ number: Int, name: String? = nil) {
            self.number = number
            self.name = name
        }
    }

    /// Where it runs, as its framework calls that: a name or an address of the agent.
    public var host: String
    /// In the definition's order.
    public var ports: [Port]

    public init(host: String, ports: [Port]) {
        self.host = host
        self.ports = ports
    }

    /// - Parameter text: the place among its ports, from 0 on, or a name of the definition.
    public func port(_ text: String) -> Int? {
        if let place = Int(text) { return ports.indices.contains(place) ? ports[place].number : nil }
        return ports.first { $0.name == text }?.number
    }
}
