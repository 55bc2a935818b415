import Migration

/// A call of a driver, on its way to the outside world.
struct Call: Sendable, Hashable {
    /// Whom it goes to.
    enum Target: Sendable, Hashable, CustomStringConvertible {
        case loadBalancer(LoadBalancerID)
        case cluster(Color)
        case servers(Color)
        case disks

        var description: String {
            switch self {
            case .loadBalancer(let name): name.text
            case .cluster(let color): "the cluster of \(color)"
            case .servers(let color): "the servers of \(color)"
            case .disks: "the disks"
            }
        }
    }

    /// What it asks for: `launch /shop/web`, `weight green-1 20`.
    var name: String
    var target: Target
    /// Whether it changes something outside.
    var isMutating: Bool
    /// Whether doing it twice is the same as doing it once, so that a proxy may repeat it.
    var isRepeatable = true
    /// Whether it is a program of its own, as a provisioner is: it goes on while rz is stopped and may outlive it, ends
    /// when it is asked to, and whoever comes next waits for it.
    var isProgram = false

    var description: String {
        switch target {
        case .loadBalancer(let name): "\(name): \(self.name)"
        case .cluster(let color), .servers(let color): "\(color): \(name)"
        case .disks: "disks: \(name)"
        }
    }
}

/// What becomes of a call. Times are in milliseconds.
enum Fate: Sendable, Hashable {
    case answered(effectAfter: Int64, replyAfter: Int64)
    /// Refused before it had any effect.
    case failed(Failure, after: Int64)
    /// Never arrives; the caller waits until its deadline.
    case requestLost(timeout: Int64)
    /// Has its effect, but the caller never hears of it, and waits until its deadline.
    case replyLost(effectAfter: Int64, timeout: Int64)
    /// Delivered twice.
    case repeated(effectAfter: Int64, replyAfter: Int64)
    /// Breaks off in the middle: so many of its changes are made.
    case brokenOff(changes: Int, after: Int64)
}

/// When a message arrives whose sender is dead.
enum Lateness: Sendable, Hashable {
    /// In milliseconds.
    case after(Int64)
    /// At the worst moment: right after someone else has looked so many times at where it goes.
    case afterLooks(Int)
}

/// A moment at which a process can be killed.
enum KillPoint: Sendable, Hashable {
    case beforeAppend([Event.Kind])
    case afterAppend([Event.Kind])
    case beforeCall(Call)
    /// It is on its way, and may arrive whatever becomes of the process.
    case duringCall(Call)
    /// The effect is there and the answer has come, but nothing of it is written down.
    case afterCall(Call)
}

/// What goes wrong in a simulation, and when.
protocol FaultSource: AnyObject {
    func fate(of call: Call) -> Fate
    /// Why an append fails, if it does; `afterCommit` when it fails although the events are written.
    func appendFailure() -> (failure: Failure, afterCommit: Bool)?
    /// Called at each kill point; may stop or kill the process.
    func passes(_ point: KillPoint, _ process: SimulatedProcess)
    /// Whether a message that a killed process had sent still arrives.
    func arrives(_ call: Call) -> Bool
    /// How such a message is held up.
    func lateness(of call: Call) -> Lateness
}

/// A world in which nothing goes wrong.
extension FaultSource {
    func fate(of call: Call) -> Fate { .answered(effectAfter: 2, replyAfter: 2) }
    func appendFailure() -> (failure: Failure, afterCommit: Bool)? { nil }
    func passes(_ point: KillPoint, _ process: SimulatedProcess) {}
    func arrives(_ call: Call) -> Bool { true }
    func lateness(of call: Call) -> Lateness { .after(0) }
}
