import Migration
import Operations
import Testing

@Suite("Whether a color carries a backend")
struct CarryingTests {
    private let rule = TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])

    @Test("is judged by servers that really serve with their weight")
    func serves() {
        let state = state([blue(), green(10)])
        #expect(carrying(.green, at: Percent(10), state).isEnough)
        #expect(carrying(.green, at: Percent(10), state).serving == 1)
    }

    @Test(
        "is not judged by a name, a setting or a state that no one has asked",
        arguments: [
            (ServerState(name: "green-1", address: "10.0.0.2:80", weight: 0), "has weight 0, needs 10"),
            (ServerState(name: "green-1", address: "10.0.0.2:80", weight: 10, administration: .drain), "is in drain"),
            (ServerState(name: "green-1", address: "10.0.0.2:80", weight: 10, administration: .maint), "is in maint"),
            (ServerState(name: "green-1", address: "10.0.0.2:80", weight: 10, operation: .down), "is down"),
            (ServerState(name: "green-1", address: "10.0.0.2:80", weight: 10, check: .failed), "is down"),
            (
                ServerState(name: "green-1", address: "10.0.0.2:80", weight: 10, check: .pending),
                "is called up, but no check has ended yet"
            ),
            (ServerState(name: "green-1", address: "10.0.0.2:80", weight: 10, operation: .stopping), "is stopping"),
        ])
    func doesNotServe(server: ServerState, reason: String) {
        let carrying = carrying(.green, at: Percent(10), state([blue(), server]))
        #expect(!carrying.isEnough)
        #expect(carrying.obstacles == ["green-1 \(reason)"])
    }

    @Test(
        "takes no account of placeholders, backups and servers that are held in maintenance",
        arguments: [
            ServerState(name: "green-1", address: "-", weight: 10),
            ServerState(name: "green-1", address: "0.0.0.0:80", weight: 10),
            ServerState(name: "green-1", address: "10.0.0.2:80", weight: 10, isBackup: true),
            ServerState(name: "green-1", address: "10.0.0.2:80", weight: 10, isHeldInMaintenance: true),
        ])
    func immovable(server: ServerState) {
        let carrying = carrying(.green, at: Percent(10), state([blue(), server]))
        #expect(!carrying.isEnough)
        #expect(carrying.obstacles == ["no server of green can be given traffic"])
    }

    @Test("is never a property of a color without servers, whatever the weights say")
    func empty() {
        #expect(!carrying(.green, at: .all, state([blue(0)])).isEnough)
        #expect(!targets(state([])).carrying(.green, rule, at: .all, on: "edge-1", state([])).isEnough)
    }

    @Test("counts a server in slowstart, and one without a check where no one had to ask")
    func slowstart() {
        let starting = ServerState(name: "green-1", address: "10.0.0.2:80", weight: 10, operation: .starting)
        #expect(carrying(.green, at: Percent(10), state([blue(), starting])).isEnough)
        let unchecked = ServerState(name: "green-1", address: "10.0.0.2:80", weight: 10, check: .none)
        #expect(carrying(.green, at: Percent(10), state([blue(), unchecked])).isEnough)
    }

    @Test("on the way back counts a server that no check has asked only once someone asked it")
    func vouched() {
        let woken = ServerState(name: "blue-1", address: "10.0.0.1:80", weight: 100, check: .pending)
        let found = targets(state([blue()]))
        let now = state([woken, green(100)])
        func carries(_ vouched: Set<String>) -> Bool {
            found.carrying(.blue, rule, at: .none, on: "edge-1", now, vouched: vouched).isEnough
        }
        #expect(!carries([]))
        #expect(carries(["10.0.0.1:80"]))
    }

    @Test("needs as many servers as the limits say, and of the old color no more than it had")
    func needed() {
        let two = state([blue(), green(10), green(10, "green-2")])
        #expect(carrying(.green, at: Percent(10), two, minHealthy: 2).isEnough)
        #expect(!carrying(.green, at: Percent(10), two, minHealthy: 3).isEnough)
        #expect(carrying(.blue, at: .none, two, minHealthy: 3).needed == 1)
    }

    // MARK: - What was found

    @Test("leaves out what a person took out, and restores what was found to the weight")
    func tookOut() {
        let before = state([
            blue(), ServerState(name: "blue-2", address: "10.0.0.5:80", weight: 100, administration: .maint),
            ServerState(name: "blue-3", address: "10.0.0.6:80", weight: 0),
            ServerState(name: "blue-4", address: "10.0.0.7:80", weight: 40), green(0),
        ])
        let targets = targets(before)
        #expect(targets.movable(.blue, rule, on: "edge-1", before).map(\.name) == ["blue-1", "blue-4"])
        #expect(targets.weights(for: .none, rule, on: "edge-1", before).old == ["blue-1": 100, "blue-4": 40])
        #expect(targets.changes(for: .none, on: "edge-1", before).isEmpty)
    }

    @Test("asks nothing of a backend that the old color did not serve either")
    func unserved() {
        let down = ServerState(name: "blue-1", address: "10.0.0.1:80", weight: 100, operation: .down)
        #expect(!targets(state([down, green(0)])).wasServed(rule, on: "edge-1"))
        #expect(targets(state([blue(), green(0)])).wasServed(rule, on: "edge-1"))
    }

    @Test("is demanded even of a backend that was not served, once no server of the new color is listed there")
    func lost() {
        let down = ServerState(name: "blue-1", address: "10.0.0.1:80", weight: 100, operation: .down)
        let targets = targets(state([down, green(0)]))
        #expect(!targets.mustBeCarried(rule, on: "edge-1", state([down, green(0)])))
        #expect(targets.mustBeCarried(rule, on: "edge-1", state([down])))
        #expect(targets.mustBeCarried(rule, on: "edge-1", state([blue(), green(0)])))
    }

    @Test("has users where new ones may come, and where sessions are left, whatever the weight")
    func users() {
        var drained = green(0)
        drained.administration = .drain
        var busy = green(0, "green-2")
        busy.counters.sessions = 2
        let states = ["edge-1": state([blue(), drained, busy])] as [LoadBalancerID: LoadBalancerState]
        #expect(serversInUse(of: .green, states, [rule]) == [])
        #expect(serversWithUsers(of: .green, states, [rule]) == ["edge-1/be/green-2 2 sessions"])
        #expect(serversWithUsers(of: .blue, states, [rule]) == ["edge-1/be/blue-1 weight 100"])
    }

    @Test("keeps out who was taken out when it was found, also where a reload made it ready while it is down")
    func takenOutBeforeAReload() {
        let found = ServerState(name: "blue-2", address: "10.0.0.1:80", weight: 100, administration: .maint)
        let targets = targets(state([blue(), found]))
        for operation in [ServerState.Operation.up, .down] {
            let reloaded = ServerState(name: "blue-2", address: "10.0.0.1:80", weight: 100, operation: operation)
            #expect(
                targets.takenOut(on: "edge-1", state([blue(), reloaded])).map(\.change) == [.administration(.maint)],
                "\(operation)")
        }
        #expect(targets.takenOut(on: "edge-1", state([blue(), found])).isEmpty)
    }

    @Test("must carry what it was itself seen to serve, though the old color did not when it was found")
    func servedByNew() {
        let dead = ServerState(name: "blue-1", address: "10.0.0.1:80", weight: 0, administration: .maint)
        for check in [ServerState.Check.passed, .failed] {
            let new = ServerState(name: "green-1", address: "10.0.0.2:80", weight: 100, check: check)
            let targets = targets(state([dead, new]))
            #expect(targets.mustBeCarried(rule, on: "edge-1", state([dead, new])) == (check == .passed))
        }
    }

    @Test("needs what the old color served when a run found it first, though it is down when it looks afresh")
    func keepServing() {
        let down = ServerState(name: "blue-1", address: "10.0.0.1:80", weight: 100, check: .failed)
        func found(_ state: LoadBalancerState) -> FoundTraffic {
            FoundTraffic(TrafficObservation(time: Instant(milliseconds: 0), states: ["edge-1": state]), [rule])
        }
        func serves(_ found: FoundTraffic) -> Bool? { found.server("blue-1", in: "be", on: "edge-1")?.serves }
        var again = found(state([down]))
        #expect(serves(again) == false)
        again.keepServing(as: found(state([blue()])), .blue, [rule])
        #expect(serves(again) == true)
        var never = found(state([down]))
        never.keepServing(as: found(state([down])), .blue, [rule])
        #expect(serves(never) == false)
        var takenOut = found(state([blue(0)]))
        takenOut.keepServing(as: found(state([blue()])), .blue, [rule])
        #expect(serves(takenOut) == false)
    }

    private func blue(_ weight: Int = 100) -> ServerState {
        ServerState(name: "blue-1", address: "10.0.0.1:80", weight: weight)
    }

    private func green(_ weight: Int, _ name: String = "green-1") -> ServerState {
        ServerState(name: name, address: "10.0.0.2:80", weight: weight)
    }

    private func state(_ servers: [ServerState]) -> LoadBalancerState {
        LoadBalancerState(version: "2.6", backends: ["be": BackendState(servers: servers)])
    }

    private func targets(_ found: LoadBalancerState, minHealthy: Int = 1) -> TrafficTargets {
        let observation = TrafficObservation(time: Instant(milliseconds: 0), states: ["edge-1": found])
        return TrafficTargets(
            found: FoundTraffic(observation, [rule]), rules: [rule], direction: Direction(from: .blue),
            minHealthy: minHealthy)
    }

    private func carrying(_ color: Color, at share: Percent, _ state: LoadBalancerState, minHealthy: Int = 1)
        -> Carrying
    {
        let found = LoadBalancerState(version: "2.6", backends: ["be": BackendState(servers: [blue()])])
        return targets(found, minHealthy: minHealthy).carrying(color, rule, at: share, on: "edge-1", state)
    }
}
