import LoadBalancing
import Migration
import Synchronization
import Testing
import Transport
import Waiting

/// What rz asks of every kind of load balancer, by what real users of a real one get.
@Suite("Every kind of load balancer", .serialized)
struct ConformanceTests {
    private static let kinds = ConformingKind.here
    private static let counting = kinds.filter(\.counts)

    @Test("sets weights and reads them back", arguments: kinds)
    func setAndReadBack(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            let driver = lab.driver
            let before = try await driver.observe()
            #expect(!before.version.isEmpty && before.version != "unknown")
            #expect(try await lab.servers(.blue, driver).map(\.address) == lab.servers.addresses(.blue).map(\.address))
            #expect(try await lab.weights(.blue, driver) == [100])
            #expect(try await lab.weights(.green, driver) == [0])
            let raised = try await driver.change(try await lab.changes(.green, .weight(40), driver), epoch: 1)
            let green =
                raised.backends[lab.rule.backend]?.servers.filter { lab.rule.color(of: $0.name) == .green } ?? []
            #expect(green.map(\.weight) == [40, 40])
            let lowered = try await driver.change(try await lab.changes(.blue, .weight(60), driver), epoch: 1)
            #expect(lowered.backends[lab.rule.backend]?.servers.map(\.weight).sorted() == [40, 40, 60, 60])
            #expect(try await lab.weights(.green, lab.driver) == [40])
        }
    }

    @Test("gives each color its share of the users, and all or none at 0", arguments: kinds)
    func share(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            let driver = lab.driver
            #expect(try await lab.answers(40) == [.blue: 40])
            try await lab.setWeights(blue: 75, green: 25, driver)
            let counts = try await lab.answers(200)
            #expect((40...60).contains(counts[.green] ?? 0), "\(counts)")
            try await lab.setWeights(blue: 0, green: 100, driver)
            #expect(try await lab.answers(40) == [.green: 40])
            try await lab.setWeights(blue: 100, green: 0, driver)
            #expect(try await lab.answers(40) == [.blue: 40])
        }
    }

    @Test("fails no user while weights move", arguments: kinds)
    func availability(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            let users = Users(lab)
            let driver = lab.driver
            for green in [10, 50, 100, 30, 0] {
                let before = users.answered
                try await lab.setWeights(blue: 100 - green, green: green, driver)
                try await eventually("users at each share") { users.answered > before + 50 }
            }
            let (answered, failed) = await users.leave()
            #expect(failed == 0)
            #expect(answered > 250)
        }
    }

    @Test("sends no one to a color in drain or in maintenance", arguments: kinds)
    func drain(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            let driver = lab.driver
            try await lab.setWeights(blue: 50, green: 50, driver)
            for administration in [ServerState.Administration.drain, .maint] {
                try await driver.apply(try await lab.changes(.blue, .administration(administration), driver), epoch: 1)
                let blue = try await lab.servers(.blue, driver)
                #expect(Set(blue.map(\.administration)) == [administration])
                #expect(blue.allSatisfy { !$0.takesTraffic && $0.weight == 50 })
                #expect(try await lab.answers(40) == [.green: 40])
            }
            try await driver.apply(try await lab.changes(.blue, .administration(.ready), driver), epoch: 1)
            try await eventually("blue to serve again") { try await lab.servers(.blue, driver).allSatisfy(\.isUp) }
            #expect(try await lab.answers(40)[.blue] ?? 0 > 10)
        }
    }

    @Test("calls a server that is gone not up, and never up again by a change of weights", arguments: kinds)
    func deadServer(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            let driver = lab.driver
            try await eventually("all servers to be checked") {
                try await lab.servers(.green, driver).allSatisfy { $0.isUp && $0.check == .passed }
            }
            lab.servers.kill("green-2")
            try await eventually("the dead server") {
                try await lab.servers(.green, driver).map(\.check) == [.passed, .failed]
            }
            for weight in [20, 30] {
                try await driver.apply(try await lab.changes(.green, .weight(weight), driver), epoch: 1)
                #expect(try await lab.servers(.green, driver).map(\.isUp) == [true, false])
            }
            #expect(try await lab.servers(.blue, driver).map(\.isUp) == [true, true])
            // What its change left behind is over when it returns.
            #expect(try await lab.answers(40)[.green] ?? 0 > 0)
        }
    }

    @Test("counts what a color's servers answered", arguments: counting)
    func counters(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            let driver = lab.driver
            func requests(_ color: Color) async throws -> Int {
                try await lab.servers(color, driver).reduce(0) { $0 + $1.counters.requests }
            }
            let before = try await requests(.blue)
            _ = try await lab.answers(25)
            try await eventually("the count") { try await requests(.blue) == before + 25 }
            #expect(try await requests(.green) == 0)
            try await eventually("quiet") { try await lab.servers(.blue, driver).allSatisfy(\.counters.isQuiet) }
        }
    }

    @Test("says which classes of errors it counts, and counts those of answers", arguments: kinds)
    func errorClasses(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            let driver = lab.driver
            _ = try await lab.answers(4)
            for status in [404, 404, 401, 500] { try await lab.answer(status) }
            #expect(try await driver.observe().backends[lab.rule.backend]?.counted == kind.errorClasses)
            guard kind.counts else { return }
            try await eventually("the answers") {
                let servers = try await lab.servers(.blue, driver).map(\.counters)
                return servers.reduce(0) { $0 + $1.clientErrors } == 3
                    && servers.reduce(0) { $0 + $1.errorCounts.server } == 1
            }
        }
    }

    @Test("shows a rate while users come, and quiet once they have left", arguments: counting)
    func rate(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            let driver = lab.driver
            let users = Users(lab)
            try await eventually("a rate") { try await lab.servers(.blue, driver).contains { !$0.counters.isQuiet } }
            var counted = 0
            for _ in 0..<10 {
                var servers: [ServerState] = []
                try await eventually("more requests") {
                    servers = try await lab.servers(.blue, driver)
                    let now = servers.reduce(0) { $0 + $1.counters.requests }
                    defer { counted = now }
                    return now > counted
                }
                #expect(servers.contains { !$0.counters.isQuiet })
            }
            _ = await users.leave()
            try await eventually("quiet") { try await lab.servers(.blue, driver).allSatisfy(\.counters.isQuiet) }
        }
    }

    @Test("says that it counts nothing, and for how long users may be there unseen, or counts", arguments: kinds)
    func unseen(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            _ = try await lab.answers(5)
            let state = try await lab.driver.observe()
            #expect((state.unseenFor == nil) == kind.counts)
            guard !kind.counts else { return }
            #expect(state.unseenFor ?? .zero > .zero)
            #expect(
                state.backends[lab.rule.backend]?.servers.map(\.counters)
                    == Array(repeating: ServerCounters(), count: 4))
        }
    }

    @Test("keeps what was set when it is reloaded or restarted", arguments: kinds)
    func reload(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            let driver = lab.driver
            try await lab.setWeights(blue: 20, green: 80, driver, epoch: 5)
            try await driver.apply(try await lab.changes(.blue, .administration(.drain), driver), epoch: 5)
            try await lab.reload()
            try await eventually("an answer after the reload") {
                guard let state = try? await driver.observe() else { return false }
                return state.epoch == 5
            }
            #expect(try await lab.weights(.blue, driver) == [20])
            #expect(try await lab.weights(.green, driver) == [80])
            #expect(Set(try await lab.servers(.blue, driver).map(\.administration)) == [.drain])
            try await eventually("users to be served") { try await lab.answers(10) == [.green: 10] }
        }
    }

    @Test("refuses a run that was replaced, and lets the next owner see whose it was", arguments: kinds)
    func epoch(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            let mine = lab.driver
            let other = lab.driver(EpochOwner(environment: "shop", id: "other"))
            try await mine.apply([], epoch: 7)
            #expect(try await mine.observe().epoch == 7)
            for (driver, epoch) in [(mine, 6), (other, 7), (other, 2)] {
                let wanted = try await lab.changes(.green, .weight(9), driver)
                let failure = try await #require(throws: Failure.self) { try await driver.apply(wanted, epoch: epoch) }
                #expect(failure.kind == .refused)
                #expect(failure.summary == "edge-1: another run owns this load balancer")
                #expect(try await driver.observeClaim(epoch: epoch).map(\.isBlocking) == [true])
            }
            #expect(try await lab.weights(.green, mine) == [0])
            #expect(try await mine.observeClaim(epoch: 7).isEmpty)
            #expect(try await other.observeClaim(epoch: 8).map(\.isBlocking) == [false])
            try await other.apply(try await lab.changes(.green, .weight(9), other), epoch: 8)
            // A driver may give a look of a moment ago once more.
            try await eventually("the next epoch") { try await mine.observe().epoch == 8 }
            #expect(try await mine.observeClaim(epoch: 7).map(\.isBlocking) == [true])
        }
    }

    @Test("names what is in the way of a move", arguments: kinds)
    func obstacles(kind: ConformingKind) async throws {
        try await kind.withLab { lab in
            let driver = lab.driver
            #expect(try await driver.observeObstacles([lab.rule]).filter(\.isBlocking) == [])
            let blocking = try await driver.observeObstacles([lab.absent]).filter(\.isBlocking)
            #expect(blocking.contains { $0.text.contains(lab.absent.backend) })
            #expect(blocking.allSatisfy { $0.text.hasPrefix("edge-1: ") })
        }
    }
}

/// Users who come all the time until they are asked to leave.
private final class Users: Sendable {
    private let counts: Counts
    private let task: Task<Void, Never>

    init(_ lab: any ConformanceLab) {
        let counts = Counts()
        self.counts = counts
        task = Task.detached {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        while !Task.isCancelled {
                            // Asked to its end: one that is cut off is no failure of the load balancer's.
                            let color = await Task.detached { try? await lab.answer() }.value
                            counts.add(isAnswered: color != nil)
                        }
                    }
                }
            }
        }
    }

    var answered: Int { counts.now.answered }

    func leave() async -> (answered: Int, failed: Int) {
        task.cancel()
        await task.value
        return counts.now
    }

    private final class Counts: Sendable {
        private let counts = Mutex((answered: 0, failed: 0))

        var now: (answered: Int, failed: Int) { counts.withLock { $0 } }

        func add(isAnswered: Bool) {
            counts.withLock { if isAnswered { $0.answered += 1 } else { $0.failed += 1 } }
        }
    }
}
