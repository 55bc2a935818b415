import Migration
import Operations

/// What stands and runs where, as far as a run's journal knows: what the run did, what it read back, and when.
struct Standing {
    private let plan: Plan
    private let state: RunState

    init(_ plan: Plan, _ state: RunState) {
        self.plan = plan
        self.state = state
    }

    private var old: Color { plan.direction.old }
    private var new: Color { plan.direction.new }

    /// Servers that rz neither builds nor destroys.
    var hasFixedServers: Bool { plan.environment.provision.hasFixedServers }

    /// Whether the run may have changed anything at all.
    var isUntouched: Bool { !state.steps.values.contains(where: \.isIntended) && !state.traffic.isShifted }

    /// Whether the run built, or may have built, servers of the new color, or launched services there.
    var hasNewColor: Bool {
        isIntended { $0 == .buildServers } || launches.intended > 0
    }

    /// Steps that a rollback would undo.
    var undoable: Int { plan.steps.count { $0.undo == .costly && state.steps[$0.id]?.isIntended == true } }

    // MARK: - In words

    /// Where the traffic is, and how old that knowledge is.
    var traffic: String {
        guard let share = state.traffic.verified else {
            return "weights unverified: not every load balancer could be read back"
        }
        let place =
            switch share {
            case .none where plan.unreachable != nil && state.traffic.lastFound != nil:
                "users whom \(old) serves are on \(old), all others on \(new)"
            case .none: "all traffic is on \(old)"
            case .all: "all traffic is on \(new)"
            default: "\(new) carries \(share), \(old) the rest"
            }
        guard let time = state.traffic.verifiedAt else { return "\(place), as the plan found it" }
        return "\(place), read back at \(time.clock)"
    }

    /// `green: its servers stand, 2 of 3 services launched`.
    var newColor: String {
        guard plan.buildsOrLaunches else {
            let done = state.steps.values.count(where: \.isSettled)
            return "\(new): \(done) of \(Wording.count(plan.steps.count, "step")) done"
        }
        let services =
            launches.intended == 0
            ? "no service launched"
            : "\(launches.done) of \(Wording.count(launches.all, "service")) launched"
                + (launches.done < launches.intended ? ", \(launches.intended - launches.done) in doubt" : "")
        return "\(new): \(newServers)" + (launches.all == 0 && !plan.movesTraffic ? "" : ", \(services)")
    }

    private var newServers: String {
        if hasFixedServers { return "its servers are a fixed list" }
        if plan.steps.contains(where: { $0.action == .buildServers && state.steps[$0.id]?.isSettled == true }) {
            return "its servers exist"
        }
        if isIntended({ $0 == .buildServers }) { return "building its servers has begun" }
        return plan.world.servers[new, default: []].isEmpty ? "no server built" : "its servers already existed"
    }

    /// `blue: its servers and services keep running`.
    var oldColor: String {
        if plan.unreachable != nil { return "\(old): does not answer; nothing of it was stopped or destroyed" }
        guard canRollBack(state, plan) else { return "\(old) is being taken down" }
        let moved = Holder.all(plan, state).count { $0.color == new }
        return "\(old): its servers and services keep running"
            + (moved == 0 ? "" : ", but for \(Wording.count(moved, "single-color service")) moved to \(new)")
    }

    /// What is left of a color whose servers were to be destroyed.
    func end(of color: Color) -> String {
        hasFixedServers
            ? "the services of \(color) are stopped, its servers are a fixed list and stay" : "\(color) is gone"
    }

    /// What no one can verify of a move from a color that does not answer.
    var unverified: [String] { plan.unreachable?.unverified ?? [] }

    /// What is left of a color that did not answer, and what ends it.
    var ruins: [String] {
        guard plan.unreachable != nil else { return [] }
        let servers = plan.world.servers[old, default: []]
        let known = servers.isEmpty ? "" : ": \(Wording.few(servers))"
        return [
            "\(Wording.count(servers.count, "server")) of \(old)\(known), and whatever runs there",
            hasFixedServers
                ? "they are a fixed list: stop by hand what runs there, before anyone can reach it again"
                : "rz destroy \(plan.environment.name) --color \(old): once they can be reached, before anyone else can",
        ]
    }

    /// Whether there are data disks that this run kept.
    var hasDisks: Bool {
        let provision = plan.environment.provision
        let areThere = provision.terraform.map { $0.disks != nil } ?? (provision.static?.command != nil)
        return areThere && plan.steps.contains { $0.action == .buildDisks }
    }

    // MARK: - Counting

    private var launches: (all: Int, intended: Int, done: Int) {
        let steps = plan.steps.filter { $0.action.kind == LaunchStep.name }
        let known = steps.map { state.steps[$0.id, default: StepState()] }
        return (steps.count, known.count(where: \.isIntended), known.count { $0.isIntended && $0.isSettled })
    }

    private func isIntended(_ fits: (Action) -> Bool) -> Bool {
        plan.steps.contains { fits($0.action) && state.steps[$0.id]?.isIntended == true }
    }
}

extension Plan {
    /// Whether a run of it builds a color, or launches services there.
    var buildsOrLaunches: Bool { steps.contains { [ServersStep.name, LaunchStep.name].contains($0.action.kind) } }
}
