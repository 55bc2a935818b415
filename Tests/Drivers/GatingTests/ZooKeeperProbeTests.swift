import FreePorts
import Migration
import Testing

@testable import Gating

/// Answers every connection with its argument, as ZooKeeper does to a four-letter word.
private let fourLetterWords = """
    import os, socketserver, sys, threading
    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            word = self.request.recv(4)
            self.request.sendall(sys.argv[1].encode() if word == b"srvr" else b"?")
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)
    """

/// As ZooKeeper 3.8 answers `srvr`.
private func srvr(_ mode: String) -> String {
    """
    Zookeeper version: 3.8.0-${mvngit.commit.id}, built on 2023-11-22 10:58 UTC
    Latency min/avg/max: 0/0.0/0
    Received: 2
    Sent: 1
    Connections: 1
    Outstanding: 0
    Zxid: 0x100000000
    Mode: \(mode)
    Node count: 5
    """
}

private let waiting = "This ZooKeeper instance is not currently serving requests\n"

/// Fakes, as no real ZooKeeper can be had wherever these tests run: `RealZooKeeperTests` asks one where there is one.
@Suite("A probe of a ZooKeeper group", .serialized)
struct ZooKeeperProbeTests {
    @Test(
        "passes when each server answers and exactly one leads",
        arguments: [
            ["standalone"], ["leader", "follower", "follower"], ["follower", "observer", "leader", "follower"],
        ])
    func passes(modes: [String]) async throws {
        let sample = try await probe(modes.map(srvr))
        #expect(sample.verdict == .pass, "\(sample.message)")
    }

    @Test(
        "says what is wrong with the group, and what to do",
        arguments: [
            ([srvr("leader"), waiting], "1 of 2 servers serve", "runs without a quorum: start the other servers"),
            ([srvr("leader"), srvr("leader")], "both lead, so they are two groups", "the same `server.N` lines"),
            ([srvr("standalone"), srvr("standalone")], "is standalone", "the same `server.N` lines"),
            ([srvr("follower"), srvr("follower")], "no server leads", "List the whole group"),
            (["srvr is not executed because it is not in the whitelist.\n"], "does not allow `srvr`", "4lw.commands"),
            (["HTTP/1.1 400 Bad Request\r\n"], "“HTTP/1.1 400 Bad Request”", "correct its address"),
            ([""], "“”", "correct its address"),
        ])
    func fails(answers: [String], fault: String, advice: String) async throws {
        let sample = try await probe(answers)
        #expect(sample.verdict == .fail)
        #expect(sample.message.contains(fault), "\(sample.message)")
        #expect(sample.message.contains(advice), "\(sample.message)")
    }

    @Test("names the server that does not answer")
    func down() async throws {
        let closed = try FreePorts.claim()
        let sample = try await Peer.with(fourLetterWords, [srvr("leader")]) { peer in
            await ask(.zooKeeper(servers: [Setting(peer.address), Setting("{{ control[0].address }}:\(closed)")]))
        }
        #expect(sample.verdict == .fail)
        #expect(sample.message.hasPrefix("ZooKeeper: 1 of 2 servers serve: 127.0.0.1:\(closed) does not answer"))
        #expect(sample.message.hasSuffix("start it, or correct its address"))
    }

    @Test("is not asked at what is no address")
    func address() async {
        let sample = await ask(.zooKeeper(servers: ["no port"]))
        #expect(sample.verdict == .inconclusive)
        #expect(sample.message.contains("“no port” is not host:port"))
    }

    private func probe(_ answers: [String], _ addresses: [Setting] = []) async throws -> GateSample {
        guard let answer = answers.first else { return await ask(.zooKeeper(servers: addresses)) }
        return try await Peer.with(fourLetterWords, [answer]) { peer in
            try await probe(Array(answers.dropFirst()), addresses + [Setting(peer.address)])
        }
    }
}
