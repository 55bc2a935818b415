import Migration

/// When a Mesos cluster, and the framework on it, may be given services.
public struct PlatformGate: Sendable, Hashable {
    /// How many agents must be active, with the attributes and the version below.
    public var agentsAtLeast: Int
    public var attributes: [String: String]
    /// A pattern, for example `1.11.*`; nil takes any.
    public var version: String?

    public init(agentsAtLeast: Int = 1, attributes: [String: String] = [:], version: String? = nil) {
        self.agentsAtLeast = agentsAtLeast
        self.attributes = attributes
        self.version = version
    }

    /// The framework that launches services, as it describes itself.
    public struct Framework: Sendable, Hashable {
        public enum Registration: Sendable, Hashable {
            case id(String)
            /// For frameworks that don't report their id; capitals don't count.
            case name(String)
            case none
        }

        /// For people, for example `Marathon`.
        public var name: String
        public var registration: Registration

        /// - Parameter id: what it says to be registered with; nil when it is not registered.
        public init(name: String, id: String?) {
            self.name = name
            registration = id.map { .id($0) } ?? .none
        }

        /// - Parameter registeredName: by which it calls itself to Mesos.
        public init(name: String, registeredAs registeredName: String) {
            self.name = name
            registration = .name(registeredName)
        }
    }

    /// Looks at the masters and judges. That they have no leader yet is a thing that is missing, and no failure.
    public func observe(_ master: MesosMaster, frameworks: [Framework]) async throws(Failure) -> PlatformState {
        let state: MesosState
        do {
            state = try await master.state()
        } catch  where error.kind == .transient {
            return PlatformState(
                description: "Mesos at \(master.place)", isReady: false,
                missing: [([error.summary] + error.details).joined(separator: ": ")])
        }
        return judge(state, at: master.place, frameworks: frameworks)
    }

    /// - Parameter place: the URL of the masters, for people.
    public func judge(_ state: MesosState, at place: String, frameworks: [Framework]) -> PlatformState {
        let missing = leader(state) + agents(state) + frameworks.flatMap { joined($0, state, place) }
        let active = state.agents.count(where: \.isActive)
        return PlatformState(
            description: "Mesos \(state.version) at \(place) with \(count(active, "agent"))",
            isReady: missing.isEmpty, missing: missing)
    }

    private func leader(_ state: MesosState) -> [String] {
        var missing: [String] = []
        if state.leader == nil { missing.append("no Mesos master is elected as leader") }
        if let version, !matchesWildcard(state.version, pattern: version) {
            missing.append("the leading Mesos master is of version \(state.version), and not \(version)")
        }
        return missing
    }

    private func agents(_ state: MesosState) -> [String] {
        let unfit = state.agents.map { ($0, faults(of: $0)) }
        let fit = unfit.count { $0.1.isEmpty }
        guard fit < agentsAtLeast else { return [] }
        var sentence = "only \(fit) of \(count(agentsAtLeast, "agent")) joined and fit"
        if state.missingAgents > 0 {
            sentence += "; \(state.missingAgents) more did not come back since the leader was elected"
        }
        return [sentence]
            + unfit.filter { !$0.1.isEmpty }.map { agent, faults in
                "agent \(agent.hostname) (\(agent.id)) \(faults.joined(separator: ", "))"
            }
    }

    private func faults(of agent: MesosAgent) -> [String] {
        var faults: [String] = []
        if !agent.isActive { faults.append("is not active") }
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) where agent.attributes[name] != value {
            let instead = agent.attributes[name].map { "has \(name)=\($0) instead of" } ?? "lacks"
            faults.append("\(instead) \(name)=\(value)")
        }
        if let version, !matchesWildcard(agent.version, pattern: version) {
            faults.append("is of version \(agent.version), and not \(version)")
        }
        return faults
    }

    /// The framework must know itself registered, and this very master must know the framework: one that is
    /// registered with another master would launch its services there.
    private func joined(_ framework: Framework, _ state: MesosState, _ place: String) -> [String] {
        guard let known = self.framework(framework, in: state) else {
            return switch framework.registration {
            case .none: ["\(framework.name) is not registered with Mesos"]
            case .name(let name): ["the Mesos master at \(place) knows no framework \(name)"]
            case .id(let id):
                [
                    "\(framework.name) is registered as \(id), which the Mesos master at \(place) does not know: "
                        + "it belongs to another one"
                ]
            }
        }
        if !known.isConnected {
            return ["\(framework.name) (\(known.id)) is disconnected from the Mesos master at \(place)"]
        }
        if !known.isActive { return ["\(framework.name) (\(known.id)) is offered no resources: it is not active"] }
        return []
    }

    /// The framework as the master knows it.
    func framework(_ framework: Framework, in state: MesosState) -> MesosFramework? {
        switch framework.registration {
        case .id(let id): state.frameworks.first { $0.id == id }
        case .name(let name):
            // One that was registered again leaves its older self behind, disconnected.
            state.frameworks.filter { $0.name.lowercased() == name.lowercased() }.max {
                !$0.isConnected && $1.isConnected
            }
        case .none: nil
        }
    }
}
