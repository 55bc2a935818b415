import Migration
import Testing

@testable import LoadBalancing

@Suite("Replies")
struct ReplyTests {
    @Test(
        "to changes are distinguished, the ones without an empty line too",
        arguments: [
            ("", []), ("\n", [""]), ("\n\n\n", ["", "", ""]),
            ("\n[3]: No such backend.\n\n\n", ["", "No such backend.", ""]),
            ("[3]: Trailing garbage in weight string\n\n", ["Trailing garbage in weight string", ""]),
            ("[3]: A\n[3]: B\n\n", ["A", "B"]), ("\n[3]: cut o", [""]), ("[3]: one\ntwo\n\n\n", ["one two", ""]),
            ("something else\n\n", ["something else"]),
        ] as [(String, [String])])
    func changes(text: String, replies: [String]) {
        #expect(RuntimeReply.toChanges(Array(text.utf8)) == replies)
    }

    @Test("to questions are complete or none")
    func sections() {
        #expect(RuntimeReply.sections(of: Array("a\n\nb\n\nc\n\n".utf8), count: 2) == ["a\n", "b\n\nc\n"])
        #expect(RuntimeReply.sections(of: Array("a\n\nb\n".utf8), count: 2) == nil)
        #expect(RuntimeReply.sections(of: Array("a\n\n".utf8), count: 2) == nil)
        #expect(RuntimeReply.sections(of: Array("a\n\n\nc\n\n".utf8), count: 3) == ["a\n", "", "c\n"])
        #expect(RuntimeReply.sections(of: [], count: 1) == nil)
    }

    @Test("to a batch fit HAProxy's buffer, and none is lost")
    func batches() {
        let commands = (0..<3000).flatMap { RuntimeCommand.change(.weight("server-\($0)", $0 % 257)) }
        let batches = RuntimeCommand.batches(commands)
        #expect(batches.flatMap { $0 }.map(\.text) == commands.map(\.text))
        #expect(batches.allSatisfy { RuntimeCommand.line(of: $0).utf8.count <= 15_000 })
        #expect(batches.count < 20)
        #expect(RuntimeCommand.batches([]).isEmpty)
    }
}

@Suite("What HAProxy shows")
struct ShownTests {
    static let state = """
        1
        # be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_agent_state srv_port
        3 shop 1 blue-1 127.0.0.1 2 0 50 0 8080
        3 shop 2 blue-2 ::1 0 5 100 22 80
        4 cart 1 green-1 10.0.0.1 3 9 7 18 81
        4 cart 2 green-2 - 0 32 7 0 81
        4 cart 3 green-3 10.0.0.3 0 2 7 0 81
        4 cart 4 green-4 10.0.0.4 2 4 7 0 81

        """
    static let statistics = """
        # pxname,svname,scur,qcur,rate,stot,req_tot,hrsp_5xx,econ,eresp,rtime,mode,algo,cookie,last_chk,
        shop,blue-1,1,2,3,40,30,4,5,6,7,http,,,"a, ""quoted""
        text",
        shop,BACKEND,1,2,3,40,30,4,5,6,7,http,roundrobin,SRV,,
        tunnel,blue-1,1,2,3,40,0,,5,6,,tcp,,,,

        """

    @Test("of servers is read column by column, by name")
    func servers() throws {
        let records = try ServerRecord.all(in: ShownTests.state)
        #expect(
            records.map(\.address) == [
                "127.0.0.1:8080", "[::1]:80", "10.0.0.1:81", "-:81", "10.0.0.3:81", "10.0.0.4:81",
            ])
        #expect(records.map(\.administration) == [.ready, .maint, .maint, .maint, .maint, .ready])
        #expect(records.map(\.isHeldInMaintenance) == [false, false, false, true, true, false])
        #expect(records.map(\.operation) == [.up, .down, .stopping, .down, .down, .up])
        #expect(records.map(\.weight) == [50, 100, 7, 7, 7, 7])
        #expect(records.map(\.hasActiveAgent) == [false, true, false, false, false, false])
    }

    @Test("of counters is read through quotes and newlines in cells")
    func counters() throws {
        let statistics = try Statistics(ShownTests.statistics)
        #expect(
            statistics.backends == [
                "shop": .init(algorithm: "roundrobin", cookie: "SRV", own: ServerCounters(queued: 2))
            ])
        #expect(
            statistics.counters[.init(backend: "shop", name: "blue-1")]
                == ServerCounters(
                    sessions: 1, queued: 2, rate: 3, requests: 41, errors: 15, begun: 40,
                    responseTime: Period(milliseconds: 7),
                    errorCounts: ErrorCounts(server: 4, connection: 5, response: 6)))
        #expect(statistics.counters[.init(backend: "tunnel", name: "blue-1")]?.requests == 40)
        #expect(statistics.counters[.init(backend: "tunnel", name: "blue-1")]?.errors == 11)
    }

    @Test("of counters takes quoted cells side by side for what they hold")
    func quotedCells() throws {
        let statistics = try Statistics("# pxname,svname,stot,mode,\n\"shop\",\"blue-1\",\"7\",\"http\",\n")
        #expect(statistics.counters[.init(backend: "shop", name: "blue-1")]?.sessions != nil)
        #expect(statistics.counters[.init(backend: "shop", name: "blue-1")]?.begun == 7)
    }

    @Test(
        "of attempts counts each once, whether it was answered, failed, repeated or sent elsewhere",
        arguments: [
            // HAProxy's own lines: 20 requests of two servers, of which this one closes each connection, or refuses it.
            (version: "2.6.12", line: "19,0,0,0,19,19", failed: 19), ("2.8.25", "19,0,0,19,19,19", 19),
            ("2.6.12 refused", "19,0,0,0,0,19", 19), ("2.6.12 alone, refused", "8,0,2,0,6,0", 8),
            ("no retries", "7,3,0,4,0,0", 4), ("all is well", "9,9,0,0,0,0", 0),
        ])
    func attempts(version: String, line: String, failed: Int) throws {
        let statistics = try Statistics(
            "# pxname,svname,stot,req_tot,econ,eresp,wretr,wredis,mode,\nshop,green-1,\(line),http,\n")
        let counters = try #require(statistics.counters[.init(backend: "shop", name: "green-1")])
        #expect(counters.errors == failed)
        #expect(counters.requests == counters.begun)
    }

    @Test(
        "of a health check distinguishes a server that was asked from one that was not",
        arguments: [
            ("no check", nil, .none), ("UP", "L7OK", .passed), ("UP", "* L7OK", .passed), ("UP", nil, .passed),
            ("UP", "INI", .pending), ("UP", "L4CON", .pending), ("UP 1/3", "L7OK", .pending), ("UP 1/2", nil, .pending),
            ("UP 2/3", "L7STS", .passed), ("DOWN", "L4CON", .failed), ("DOWN 1/2", "L7OK", .failed),
            ("DOWN (agent)", "L7OK", .failed), ("DRAIN", "L7OK", .passed), ("DRAIN 1/3", "L7OK", .pending),
            ("NOLB", "L7OKC", .passed), ("MAINT", nil, .pending), ("MAINT (via shop/blue-1)", nil, .pending),
            ("MAINT (resolution)", nil, .pending), ("", nil, .pending),
        ] as [(String, String?, ServerState.Check)])
    func check(status: String, last: String?, check: ServerState.Check) {
        #expect(HealthCheck.read(status: status, last: last, fallsAtOnce: false, sinceChange: 0) == check)
    }

    @Test("of a server that falls at its first failed check says nothing until it had time for one")
    func fallsAtOnce() {
        #expect(HealthCheck.read(status: "UP", last: "L7OK", fallsAtOnce: true, sinceChange: 4) == .pending)
        #expect(HealthCheck.read(status: "UP", last: "L7OK", fallsAtOnce: true, sinceChange: 5) == .passed)
        #expect(HealthCheck.read(status: "UP", last: "L4CON", fallsAtOnce: true, sinceChange: 5) == .pending)
    }

    @Test("of a master's processes gives the old workers")
    func oldWorkers() {
        let head = "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
        let processes = "899  master  1 [failed: 0]  0d00h00m02s  2.6\n# workers\n966  worker  0  0d  2.6\n"
        let old = "# old workers\n919  worker  1  0d  2.6\n920  worker  2  0d  2.6\n# programs\n7  x  1  0d  -\n\n"
        #expect(OldWorkers.pids(in: head + processes + old) == [919, 920])
        #expect(OldWorkers.pids(in: head + processes + "# programs\n\n") == [])
        #expect(OldWorkers.pids(in: "Unknown command\n") == nil)
    }

    @Test("is never more than wrong, however broken", arguments: 0..<40)
    func broken(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            _ = try? ServerRecord.all(in: mutated(ShownTests.state, &random))
            _ = try? Statistics(mutated(ShownTests.statistics, &random))
            _ = SessionLine.all(in: mutated("0x1: src=unix:1 fe=users be=shop srv=blue-1 age=3s a=\n", &random))
            _ = EpochMap.entry(in: mutated("type=str, found=yes, key=\"epoch\", value=\"7\", type=\"str\"\n", &random))
            let reply = Array(mutated("\n[3]: No such server.\n\n[6]: New\n\n\n", &random).utf8)
            _ = RuntimeReply.toChanges(reply)
            _ = RuntimeReply.sections(of: reply, count: 3)
        }
    }

    @Test("that is cut anywhere is no server state, unless whole lines are left")
    func cut() {
        let bytes = Array(ShownTests.state.utf8)
        for length in bytes.indices {
            let records = try? ServerRecord.all(in: String(decoding: bytes[..<length], as: UTF8.self))
            for record in records ?? [] {
                #expect(["blue-1", "blue-2", "green-1", "green-2", "green-3", "green-4"].contains(record.name))
            }
        }
    }

    private func mutated(_ text: String, _ random: inout SeededGenerator) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...8, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: [10, 32, 34, 44, 45, 57].shuffled(using: &random), at: place)
            case 3: bytes.removeLast(min(bytes.count, Int.random(in: 0..<20, using: &random)))
            default: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: place)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
