import FreePorts
import Migration
import Testing

@testable import Gating

/// Answers over UDP as Mesos-DNS does (RFC 1035): each argument is `NAME=RECORD,RECORD…`, a record an address, or
/// `PORT:TARGET` for SRV. What it does not know is NXDOMAIN; the names `fails` and `silent` are what they say.
private let nameServer = """
    import os, socket, struct, sys, threading
    table = dict(argument.split("=") for argument in sys.argv[1:])
    def label(name):
        return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\\0"
    def answer(query):
        at, parts = 12, []
        while query[at]:
            parts.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        question, name = query[12:at + 5], ".".join(parts)
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        if name == "silent": return None
        records = [r for r in table.get(name, "").split(",") if r and (":" in r) == (kind == 33)]
        code = 2 if name == "fails" else 0 if name in table else 3
        body = b""
        for record in records:
            if kind == 33:
                port, target = record.split(":")
                data = struct.pack(">HHH", 0, 0, int(port)) + label(target)
            else:
                data = socket.inet_aton(record)
            body += b"\\xc0\\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data
        cut = 0x0200 if name == "cut.mesos" else 0
        return query[:2] + struct.pack(">HHHHH", 0x8580 | cut | code, 1, len(records), 0, 0) + question + body
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    def serve():
        while True:
            query, peer = server.recvfrom(4096)
            reply = answer(query)
            if reply: server.sendto(reply, peer)
    threading.Thread(target=serve, daemon=True).start()
    sys.stdin.read()
    os._exit(0)
    """

/// A fake, as no Mesos-DNS can be had: it speaks the protocol, and the C library's resolver is the real one.
@Suite("A probe of a name of Mesos-DNS", .serialized)
struct MesosDNSProbeTests {
    @Test("passes when every address is one of the new color's")
    func passes() async throws {
        let sample = try await probe("leader.mesos", ["leader.mesos=127.0.0.1"])
        #expect(sample.verdict == .pass, "\(sample.message)")
        #expect(sample.message.hasSuffix("resolves leader.mesos to 127.0.0.1"))
        #expect(sample.subject.hasPrefix("leader.mesos at 127.0.0.1:"))
    }

    @Test("follows an SRV record to the addresses of its targets")
    func srv() async throws {
        let table = ["_web._tcp.mc.mesos=31001:web-1.mesos,31002:web-2.mesos", "web-1.mesos=127.0.0.1"]
        let right = try await probe("_web._tcp.mc.mesos", table + ["web-2.mesos=127.0.0.1"])
        #expect(right.verdict == .pass, "\(right.message)")
        let wrong = try await probe("_web._tcp.mc.mesos", table + ["web-2.mesos=127.0.0.9"])
        #expect(wrong.verdict == .fail)
        #expect(wrong.message.contains("to 127.0.0.9, a server of the old color"))
    }

    @Test("fails when an address is the old color's, whatever else is accepted", arguments: [nil, "container network"])
    func blue(anyAddress: String?) async throws {
        let sample = try await probe("leader.mesos", ["leader.mesos=127.0.0.1,127.0.0.9"], anyAddress: anyAddress)
        #expect(sample.verdict == .fail)
        #expect(sample.message.contains("resolves leader.mesos to 127.0.0.9, a server of the old color. Correct `zk`"))
    }

    @Test("fails for an address that no server has, unless that is accepted with a reason")
    func foreign() async throws {
        let strict = try await probe("cart.mesos", ["cart.mesos=10.10.3.4"])
        #expect(strict.verdict == .fail)
        #expect(strict.message.contains("10.10.3.4, which is not the address of a server of the new color"))
        #expect(strict.message.contains("`addresses: { any: … }`"))
        let accepted = try await probe("cart.mesos", ["cart.mesos=10.10.3.4"], anyAddress: "container network")
        #expect(accepted.verdict == .pass, "\(accepted.message)")
    }

    @Test(
        "fails for a name without an address",
        arguments: [
            ("absent.mesos", "knows no absent.mesos. See that the task runs"), ("empty.mesos", "knows no empty.mesos"),
            ("_x._tcp.mesos", "knows no _x._tcp.mesos"), ("fails", "can't answer for fails. See its log"),
        ])
    func unknown(name: String, words: String) async throws {
        let sample = try await probe(name, ["empty.mesos=", "_x._tcp.mesos=127.0.0.1"])
        #expect(sample.verdict == .fail)
        #expect(sample.message.contains(words), "\(sample.message)")
    }

    @Test("fails when no answer comes in time")
    func silent() async throws {
        let sample = try await Peer.with(nameServer) { peer in
            await ask(
                .mesosDNS(Probe.MesosDNS(server: Setting(peer.address), name: "silent")),
                timeout: Period(milliseconds: 300))
        }
        #expect(sample.verdict == .fail)
        #expect(sample.message.contains("did not answer for silent"))
        #expect(sample.message.hasSuffix("Start it, or correct `server`"))
    }

    @Test("fails where no one listens")
    func closed() async throws {
        let port = try FreePorts.claim()
        let sample = await ask(.mesosDNS(Probe.MesosDNS(server: Setting("127.0.0.1:\(port)"), name: "leader.mesos")))
        #expect(sample.verdict == .fail)
        #expect(sample.message.contains("127.0.0.1:\(port) did not answer for leader.mesos"))
    }

    @Test("says when an answer had no room for all")
    func cut() async throws {
        let sample = try await probe("cut.mesos", ["cut.mesos=127.0.0.1"])
        #expect(sample.verdict == .pass)
        #expect(sample.message.hasSuffix("(and more, which its answer had no room for)"))
    }

    private func probe(_ name: String, _ table: [String], anyAddress: String? = nil) async throws -> GateSample {
        try await Peer.with(nameServer, table) { peer in
            await ask(
                .mesosDNS(Probe.MesosDNS(server: Setting(peer.address), name: name, anyAddress: anyAddress)))
        }
    }
}
