import Foundation
import Testing
import Transport
import Waiting

@Suite("Stream sockets", .serialized)
struct StreamSocketTests {
    @Test("talk over UNIX and TCP", arguments: [false, true])
    func talk(overTCP: Bool) async throws {
        let server = try await WebServer(overTCP ? .plain : .unix)
        defer { server.stop() }
        let socket = try await StreamSocket.connect(to: address(of: server, overTCP))
        try await socket.write(Array("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
        var answer: [UInt8] = []
        while true {
            let piece = try await socket.read(upTo: 10)
            if piece.isEmpty { break }
            #expect(piece.count <= 10)
            answer += piece
        }
        #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try await socket.read().isEmpty)
    }

    @Test(
        "are refused where no one listens",
        arguments: ["unix:/nowhere/a.sock", "tcp:127.0.0.1:CLOSED", "tcp:localhost:CLOSED"])
    func refused(_ pattern: String) async throws {
        let closed = try ClosedPort()
        let address = try #require(SocketAddress(pattern.replacing("CLOSED", with: "\(closed.port)")))
        let error = try await #require(throws: TransportError.self) { try await StreamSocket.connect(to: address) }
        #expect(error.kind == .refused)
        #expect(error.target == address.description)
        #expect(!error.effectIsUnknown)
    }

    @Test("can't have every path")
    func badPath() async throws {
        for path in [String(repeating: "x", count: 200), "/tmp/a\u{0}b"] {
            let error = try await #require(throws: TransportError.self) {
                try await StreamSocket.connect(to: .unix(path: path))
            }
            #expect(error.kind == .malformed)
        }
    }

    @Test("wait for a host that can't be found no longer than their deadline")
    func unknownHost() async throws {
        let error = try await #require(throws: TransportError.self) {
            try await StreamSocket.connect(to: .tcp(host: "nowhere.invalid", port: 1), deadline: .seconds(1))
        }
        #expect(error.kind == .nameResolution)
    }

    @Test("stop reading at the deadline, and can be read again")
    func readDeadline() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let socket = try await StreamSocket.connect(to: .tcp(host: "127.0.0.1", port: server.port))
        let error = try await #require(throws: TransportError.self) {
            try await socket.read(deadline: .milliseconds(50))
        }
        #expect(error.kind == .timedOut)
        try await socket.write(Array("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(try await !socket.read().isEmpty)
    }

    @Test("stop writing at the deadline when no one reads")
    func writeDeadline() async throws {
        let listener = try Listener(queue: 5)
        let socket = try await StreamSocket.connect(to: .unix(path: listener.path))
        let error = try await #require(throws: TransportError.self) {
            try await socket.write([UInt8](repeating: 0, count: 8 << 20), deadline: .milliseconds(100))
        }
        #expect(error.kind == .timedOut)
        #expect(error.effectIsUnknown)
    }

    @Test("wait for room in the queue of a server, no longer than the deadline")
    func fullQueue() async throws {
        let listener = try Listener(queue: 0)
        let first = try await StreamSocket.connect(to: .unix(path: listener.path))
        defer { first.close() }
        let error = try await #require(throws: TransportError.self) {
            while true {
                _ = try await StreamSocket.connect(to: .unix(path: listener.path), deadline: .milliseconds(100))
            }
        }
        #expect(error.kind == .timedOut)
    }

    @Test("end a read at once when the task is cancelled, and the server sees the end")
    func cancellation() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let socket = try await StreamSocket.connect(to: .tcp(host: "127.0.0.1", port: server.port))
        try await socket.write(Array("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        let reader = Task { try await socket.read(deadline: .seconds(600)) }
        try await eventually("the request") { try await server.hits("hanging") == 1 }
        reader.cancel()
        let error = await #expect(throws: TransportError.self) { try await reader.value }
        #expect(error?.kind == .cancelled)
        try await eventually("the server to see the end") { try await server.hits("gone") == 1 }
    }

    @Test("fail a read under way when they are closed")
    func closing() async throws {
        let listener = try Listener(queue: 5)
        let socket = try await StreamSocket.connect(to: .unix(path: listener.path))
        let reading = Task { try await socket.read(deadline: .seconds(600)) }
        socket.close()
        let error = await #expect(throws: TransportError.self) { try await reading.value }
        #expect(error?.kind == .connectionLost)
        await #expect(throws: TransportError.self) { try await socket.write([1]) }
        socket.close()
    }

    @Test("may all wait at once without keeping anyone from working")
    func manyWaiting() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let listener = try Listener(queue: 500)
        let waiting = Task {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        let socket = try? await StreamSocket.connect(to: .unix(path: listener.path))
                        _ = try? await socket?.read(deadline: .seconds(600))
                    }
                }
            }
        }
        let socket = try await StreamSocket.connect(to: .tcp(host: "127.0.0.1", port: server.port))
        try await socket.write(Array("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(try await !socket.read().isEmpty)
        waiting.cancel()
        await waiting.value
    }

    @Test(
        "have addresses that are written as they are read",
        arguments: ["unix:/run/a.sock", "tcp:localhost:80", "tcp:[::1]:65535", "tcp:127.0.0.1:1"])
    func addresses(_ text: String) {
        #expect(SocketAddress(text)?.description == text)
    }

    @Test(
        "have no other addresses", arguments: ["", "unix:", "tcp:", "tcp::80", "tcp:a:0", "tcp:a:65536", "tcp:a", "/a"])
    func badAddresses(_ text: String) {
        #expect(SocketAddress(text) == nil)
    }

    private func address(of server: WebServer, _ overTCP: Bool) -> SocketAddress {
        overTCP ? .tcp(host: "127.0.0.1", port: server.port) : .unix(path: server.socket)
    }
}

/// A port that is taken and where nobody listens.
final class ClosedPort: Sendable {
    let port: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw PeerError("no port") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}

/// A UNIX socket that takes connections into its queue and never looks at them.
final class Listener: Sendable {
    let path: String
    private let descriptor: Int32

    init(queue: Int32) throws {
        let folder = try temporaryFolder()
        path = folder + "/listener.sock"
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let descriptor = descriptor
        let isListening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(descriptor, queue) == 0
            }
        }
        guard isListening else { throw PeerError("can't listen") }
    }

    deinit {
        close(descriptor)
        try? FileManager.default.removeItem(atPath: String(path.dropLast("/listener.sock".count)))
    }
}
