import Migration
import Trust
import XML

/// Listener rules of an AWS Application Load Balancer: the weights of their target groups, changed and read back over the
/// API of Elastic Load Balancing.
///
/// Source: API reference 2015-12-01 and the user guide for Application Load Balancers. As in Traefik a weight belongs to
/// a group, which has all servers of a color, and nothing but a weight of 0 takes one out of service: what is in drain or
/// in maintenance, rz notes itself, in tags of the load balancer. It counts neither requests nor sessions for rz
/// (CloudWatch does, minutes later): how long users may be where they are not seen is in `unseenFor`.
public struct ALBWeights: LoadBalancer {
    public let name: LoadBalancerID
    public let product = "AWS ALB"
    let address: LoadBalancerAddress.ALB
    let rules: [TrafficRule]
    let owner: EpochOwner
    let resolver: Resolver
    private let proxy: ProxyRules?
    private let memory = ELBMemory()
    /// How long a change may take to be shown.
    let patience: Duration

    /// - Parameters:
    ///   - owner: whose epochs are written into the load balancer's tags.
    ///   - resolver: called at each use: temporary credentials are renewed while a run goes on.
    public init(
        _ name: LoadBalancerID, _ address: LoadBalancerAddress.ALB, rules: [TrafficRule] = [], owner: EpochOwner,
        proxy: ProxyRules? = nil, resolver: @escaping Resolver, patience: Duration = .seconds(15)
    ) {
        self.name = name
        self.address = address
        self.rules = rules.on(name)
        self.owner = owner
        self.proxy = proxy
        self.resolver = resolver
        self.patience = patience
    }

    public func observe() async throws(Failure) -> LoadBalancerState {
        try await look(client(), noOlderThan: .milliseconds(400)).state(rules)
    }

    public func observeSessions(
        of servers: [ListedServer], detailed: Int
    ) async throws(Failure) -> OpenSessions {
        OpenSessions(unknown: servers.isEmpty ? [] : ["\(name): an ALB does not report who is connected to a target"])
    }

    public func observeObstacles(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle] {
        ALBObstacles(name: name, rules: rules.on(name), look: try await look(client(), seldom: .zero)).all
    }

    public func observeClaim(epoch: Int) async throws(Failure) -> [Obstacle] {
        let note = try await note(try client())
        return try owner.obstacles(
            to: epoch, by: [note.epoch].compactMap(\.self), on: name, "tag \(note.epochKey)"
        ) { held throws(Failure) in try replaced(owner.entry(of: epoch), by: held) }
    }

    // MARK: - Looking

    func client() throws(Failure) -> ELBClient {
        try ELBClient(name, address, memory: memory, proxy: proxy, resolver: resolver)
    }

    /// Listener rules by the names of backends.
    ///
    /// - Throws: `Failure` for what is no ARN of a rule or a listener, or of several load balancers.
    private func names() throws(Failure) -> [String: ALBArn] {
        var names: [String: ALBArn] = [:]
        for (backend, setting) in address.rules.sorted(by: { $0.key < $1.key }) {
            let text = try resolver(setting)
            guard let arn = ALBArn(text) else {
                throw Failure(
                    "\(name): “\(text)” is no ARN of a listener rule or a listener of an Application Load Balancer",
                    at: "loadBalancers[].alb.rules.\(backend)",
                    advice: "It begins with arn:aws:elasticloadbalancing:\(address.region):…:listener-rule/app/.",
                    kind: .refused)
            }
            guard arn.region == address.region else {
                throw Failure(
                    "\(name): the listener rule of \(backend) is in \(arn.region), and `region` is \(address.region)",
                    at: "loadBalancers[].alb.rules.\(backend)", advice: "Correct `region`, or the ARN.", kind: .refused)
            }
            if let other = names.values.first, other.loadBalancer != arn.loadBalancer {
                throw Failure(
                    "\(name): its rules are of two load balancers", at: "loadBalancers[].alb.rules.\(backend)",
                    details: [other.loadBalancer, arn.loadBalancer],
                    advice: "List each under `loadBalancers` by itself.", kind: .refused)
            }
            names[backend] = arn
        }
        return names
    }

    private func loadBalancer() throws(Failure) -> String {
        guard let first = try names().values.first else {
            throw Failure("\(name) has no listener rules", at: "loadBalancers[].alb.rules", kind: .refused)
        }
        return first.loadBalancer
    }

    /// - Parameters:
    ///   - age: of answers that will do; of checks, which are seconds apart, a second will do.
    ///   - seldom: the same of what stands in the configuration of listeners and target groups.
    func look(
        _ client: ELBClient, noOlderThan age: Duration = .zero, seldom: Duration = .seconds(30)
    ) async throws(Failure) -> ALBLook {
        let names = try names()
        let moved = Set(names.values.map(\.listener))
        let listeners = try await client.list(
            "DescribeListeners", [("LoadBalancerArn", try loadBalancer())], "Listeners", noOlderThan: seldom
        ).compactMap { listener in
            (listener["ListenerArn"]?.text).map { ALBLook.Listener(arn: $0, port: listener["Port"]?.text ?? "?") }
        }
        var rules: [ALBRule] = []
        for listener in listeners {
            rules += try await client.list(
                "DescribeRules", [("ListenerArn", listener.arn)], "Rules",
                noOlderThan: moved.contains(listener.arn) ? age : seldom
            ).compactMap { ALBRule($0, of: listener.arn) }
        }
        let groups = try await groups(of: rules, client, noOlderThan: seldom)
        // The API takes ten questions a second.
        let pace: Duration = age == .zero ? .zero : max(.seconds(1), .milliseconds(250) * groups.count)
        let targets = try await targets(of: groups.keys.sorted(), client, noOlderThan: pace)
        return ALBLook(
            listeners: listeners, rules: rules, names: names, groups: groups, targets: targets,
            note: try await note(client, noOlderThan: age))
    }

    private func groups(
        of rules: [ALBRule], _ client: ELBClient, noOlderThan age: Duration
    ) async throws(Failure) -> [String: ALBTargetGroup] {
        let arns = Set(rules.flatMap(\.groups).map(\.arn)).sorted()
        var groups: [String: ALBTargetGroup] = [:]
        for start in stride(from: 0, to: arns.count, by: 20) {
            let some = arns[start..<min(start + 20, arns.count)].enumerated().map {
                ("TargetGroupArns.member.\($0.offset + 1)", $0.element)
            }
            for element in try await client.list("DescribeTargetGroups", some, "TargetGroups", noOlderThan: age) {
                guard var group = ALBTargetGroup(element) else { continue }
                let attributes = try await client.list(
                    "DescribeTargetGroupAttributes", [("TargetGroupArn", group.arn)], "Attributes", noOlderThan: age)
                group.attributes = ALBWeights.pairs(attributes)
                groups[group.arn] = group
            }
        }
        return groups
    }

    private func targets(
        of groups: [String], _ client: ELBClient, noOlderThan age: Duration
    ) async throws(Failure) -> [String: [ALBTarget]] {
        let answers = await withTaskGroup(of: (String, Result<[ALBTarget], Failure>).self) { tasks in
            for group in groups {
                tasks.addTask {
                    do throws(Failure) {
                        let list = try await client.list(
                            "DescribeTargetHealth", [("TargetGroupArn", group)], "TargetHealthDescriptions",
                            noOlderThan: age)
                        return (group, .success(list.compactMap { ALBTarget($0) }))
                    } catch {
                        return (group, .failure(error))
                    }
                }
            }
            return await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        var targets: [String: [ALBTarget]] = [:]
        for (group, answer) in answers { targets[group] = try answer.get() }
        return targets
    }

    // MARK: - The note

    func note(_ client: ELBClient, noOlderThan age: Duration = .zero) async throws(Failure) -> ALBNote {
        let all = try await client.list(
            "DescribeTags", [("ResourceArns.member.1", try loadBalancer())], "TagDescriptions", noOlderThan: age)
        return note(ALBWeights.pairs(all.first?.members("Tags") ?? []))
    }

    private func note(_ tags: [String: String]) -> ALBNote { ALBNote(tags, environment: owner.environment) }

    private static func pairs(_ elements: [XMLElement]) -> [String: String] {
        Dictionary(
            elements.compactMap { pair in (pair["Key"]?.text).map { ($0, pair["Value"]?.text ?? "") } },
            uniquingKeysWith: { first, _ in first })
    }

    func write(_ note: ALBNote, over other: ALBNote, _ client: ELBClient) async throws(Failure) {
        let tags = note.additions(to: other)
        guard !tags.isEmpty else { return }
        let words = tags.enumerated().flatMap { index, tag in
            [("Tags.member.\(index + 1).Key", tag.0), ("Tags.member.\(index + 1).Value", tag.1)]
        }
        try await client.change("AddTags", [("ResourceArns.member.1", try loadBalancer())] + words)
    }

    func remove(_ note: ALBNote, from other: ALBNote, _ client: ELBClient) async throws(Failure) {
        let keys = note.removals(from: other)
        guard !keys.isEmpty else { return }
        let words = keys.enumerated().map { ("TagKeys.member.\($0.offset + 1)", $0.element) }
        try await client.change("RemoveTags", [("ResourceArns.member.1", try loadBalancer())] + words)
    }

    /// That this run may not write here.
    func replaced(_ mine: EpochEntry, by held: EpochEntry) throws(Failure) -> Failure {
        let key = note([:]).epochKey
        let arn = try loadBalancer()
        return owner.fencedOff(
            mine, by: held, on: name, at: arn, "tag \(key)",
            remedy: "aws elbv2 remove-tags --resource-arns \(arn) --tag-keys \(key)")
    }
}
