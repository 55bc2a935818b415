import Migration

/// Who moves an environment, as written on load balancers: the runs of one journal.
public struct EpochOwner: Sendable, Hashable {
    public let environment: String
    /// Stays the same for all runs of a journal, and no other journal has it.
    public let id: String

    public init(environment: String, id: String) {
        self.environment = environment
        self.id = id
    }
}

/// The run that may write on a load balancer, as it stands there for an environment: `7@ab12` (invariant I6).
struct EpochEntry: Sendable, Hashable, CustomStringConvertible {
    var number: Int
    /// Nil in an entry of rz 0.1, which had one for all environments.
    var owner: String?

    init(number: Int, owner: String?) {
        self.number = number
        self.owner = owner
    }

    init?(_ text: Substring) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let number = Int(first) else { return nil }
        self.init(number: number, owner: parts.count == 2 ? String(parts[1]) : nil)
    }

    var description: String { owner.map { "\(number)@\($0)" } ?? "\(number)" }

    /// Whether a run with this entry is refused where the load balancer holds `held`.
    func isRefused(by held: EpochEntry) -> Bool {
        held.number > number || (held.number == number && held.owner != nil && held.owner != owner)
    }
}

extension EpochOwner {
    func entry(of epoch: Int) -> EpochEntry { EpochEntry(number: epoch, owner: id) }

    /// That a run may not write where another one holds the load balancer.
    ///
    /// - Parameters:
    ///   - place: what holds the entry, for people: `tag rz-epoch-shop`.
    ///   - remedy: how a person takes the load balancer over from a journal that is lost.
    func fencedOff(
        _ mine: EpochEntry, by held: EpochEntry, on name: LoadBalancerID, at address: String, _ place: String,
        remedy: String
    ) -> Failure {
        Failure(
            "\(name): another run owns this load balancer", at: address,
            details: ["its \(place) is \(held), this run's is \(mine)"],
            advice:
                "This run has been fenced off. See which run now owns \(environment): rz status and rz history, there and "
                + "here. Only if that journal is lost and none of its runs is active: \(remedy)", kind: .refused)
    }

    /// What a plan shows of who holds a load balancer: that its run would be refused, or would take over.
    ///
    /// - Parameters:
    ///   - held: the entries that stand there.
    ///   - place: what holds them, for people.
    ///   - refusal: what the run would be refused with.
    func obstacles(
        to epoch: Int, by held: [EpochEntry], on name: LoadBalancerID, _ place: String,
        refusal: (EpochEntry) throws(Failure) -> Failure
    ) throws(Failure) -> [Obstacle] {
        let mine = entry(of: epoch)
        if let higher = held.first(where: { mine.isRefused(by: $0) }) { return [Obstacle(try refusal(higher))] }
        guard let other = held.first(where: { $0.owner != nil && $0.owner != id }) else { return [] }
        return [
            Obstacle(
                "\(name): its \(place) is \(other), of another journal than this one; the run takes it over. Make sure that "
                    + "no run of that journal lives.", isBlocking: false)
        ]
    }
}
