import HAProxyPrograms
import Migration
import Testing
import Transport
import Waiting

@testable import LoadBalancing

@Suite("Who talks to a server", .serialized)
struct SessionsTests {
    @Test(
        "is listed with frontend, client, age and bytes, the oldest first, bytes of transport mode too",
        arguments: HAProxyProgram.all)
    func listed(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend shop
                server blue-1 127.0.0.1:\(lab.webPorts[0])
                server green-1 127.0.0.1:\(lab.webPorts[1]) weight 0
            frontend raw
                mode tcp
                bind unix@\(lab.folder)/raw.sock
                default_backend bytes
            backend bytes
                mode tcp
                server blue-1 127.0.0.1:\(lab.webPorts[0])
            """
        } _: { lab in
            let driver = lab.driver()
            let request = Array("GET /shop/held HTTP/1.1\r\nHost: lab\r\n\r\n".utf8)
            let raw = try await StreamSocket.connect(to: .unix(path: lab.folder + "/raw.sock"))
            defer { raw.close() }
            try await raw.write(request)
            let blue = ["shop", "bytes"].map { ListedServer(backend: $0, name: "blue-1") }
            try await eventually("the first session") {
                try await driver.observeSessions(of: blue, detailed: 0).count == 1
            }
            let before = ContinuousClock.now
            // HAProxy tells whole seconds.
            try await eventually("it is older than a second") {
                try await driver.observeSessions(of: blue, detailed: 1).listed.first?.age ?? .zero >= .seconds(2)
            }
            let web = try await lab.holdSession("shop", at: "blue-1")
            defer { web.close() }
            let open = try await driver.observeSessions(of: blue, detailed: 10)
            #expect(open.unknown.isEmpty && open.more == 0)
            try #require(open.count == 2, "\(open)")
            let (first, second) = (open.listed[0], open.listed[1])
            #expect(first.loadBalancer == "edge-1" && first.frontend == "raw" && first.backend == "bytes")
            #expect(second.frontend == "users" && second.backend == "shop" && second.server == "blue-1")
            #expect(open.listed.allSatisfy { $0.client.hasPrefix("unix:") && $0.oldProcess == nil })
            #expect(first.bytesIn == request.count && first.bytesOut == 0)
            let waited = Period.seconds((ContinuousClock.now - before).components.seconds + 3)
            #expect(try #require(first.age) <= waited)
            #expect(try #require(second.age) <= #require(first.age))
            let few = try await driver.observeSessions(of: blue, detailed: 1)
            #expect(few.listed.map { $0.bytesIn != nil } == [true, false])
            let green = try await driver.observeSessions(
                of: [ListedServer(backend: "shop", name: "green-1")], detailed: 10)
            #expect(green == OpenSessions())
        }
    }

    @Test("is no one who has ended or was followed by another in the meantime")
    func ended() async throws {
        func line(_ id: String, _ client: String) -> String {
            "\(id): proto=tcpv4 src=\(client) fe=users be=shop srv=blue-1 ts=00 epoch=0 age=1m5s calls=4\n"
        }
        func detail(_ id: String, _ client: String) -> String {
            """
            \(id): [30/Nov/2026:01:30:23.337295] id=1 proto=tcpv4 source=\(client)
              frontend=users (id=2 mode=http), listener=? (id=1) addr=127.0.0.1:53805
              backend=shop (id=4 mode=http) addr=127.0.0.1:48178
              server=blue-1 (id=1) addr=127.0.0.1:55517
              req=0x55af13dedf10 (f=0x49c40000 an=0x8000 pipe=0 tofwd=0 total=42)
              res=0x55af13dedf70 (f=0x80040000 an=0x4000000 pipe=0 tofwd=-1 total=128)


            """
        }
        let list = ["0x1": "10.0.0.1:1", "0x2": "10.0.0.2:1", "0x3": "10.0.0.3:1"].sorted { $0.key < $1.key }
        let answer =
            "Total events captured on [30/Nov/2026:01:31:28.825] : 1\n\n"
            + detail("0x1", "10.0.0.1:1") + "Session not found.\n\n" + detail("0x3", "10.0.0.9:9")
        let fake = try await FakeHAProxy([.text(list.map(line).joined() + "\n"), .text(answer)])
        defer { fake.stop() }
        let open = try await fakeDriver(fake.socket).observeSessions(
            of: [ListedServer(backend: "shop", name: "blue-1")], detailed: 10)
        #expect(
            open.listed == [
                OpenSession(
                    loadBalancer: "edge-1", backend: "shop", server: "blue-1", frontend: "users",
                    client: "10.0.0.1:1", age: .seconds(65), bytesIn: 42, bytesOut: 128)
            ])
        #expect(fake.lines.last == "show errors 2147483647;show sess 0x1;show sess 0x2;show sess 0x3")
    }

    @Test("has the age that HAProxy's own clock gives where the session has none")
    func age() async throws {
        let line = "0xa: proto=tcpv4 src=10.0.0.1:1 fe=raw be=bytes srv=blue-1 ts=00 epoch=0 age=20828d14h calls=3\n\n"
        let detail = """
            Total events captured on [01/Mar/2028:00:00:05.825] : 0

            0xa: [29/Feb/2028:23:00:00.982269] id=2 proto=tcpv4 source=10.0.0.1:1
              backend=bytes (id=5 mode=tcp) addr=127.0.0.1:40262
              server=blue-1 (id=1) addr=127.0.0.1:58133


            """
        let fake = try await FakeHAProxy([.text(line), .text(detail)])
        defer { fake.stop() }
        let open = try await fakeDriver(fake.socket).observeSessions(
            of: [ListedServer(backend: "bytes", name: "blue-1")], detailed: 0)
        #expect(open.listed.map(\.age) == [.seconds(3605)])
    }

    @Test(
        "is counted in HAProxy's time",
        arguments: [
            ("29/Feb/2028:23:59:59.0", "01/Mar/2028:00:00:00.0", 1),
            ("31/Dec/2026:23:59:50.9", "01/Jan/2027:00:00:10.1", 20),
            ("01/Feb/2026:00:00:00.0", "01/Mar/2026:00:00:00.0", 28 * 86_400),
        ])
    func clock(from: String, to: String, seconds: Int64) throws {
        let (first, second) = (HAProxyClock.seconds(from[...]), HAProxyClock.seconds(to[...]))
        #expect(try #require(second) - #require(first) == seconds)
        #expect(HAProxyClock.seconds("30/Nev/2026:01:30:23.3") == nil)
        #expect(HAProxyClock.seconds("") == nil)
    }

    private func fakeDriver(_ socket: String) -> HAProxyRuntime {
        HAProxyRuntime("edge-1", .init(socket: Setting(socket)), owner: testOwner, resolver: literal)
    }
}
