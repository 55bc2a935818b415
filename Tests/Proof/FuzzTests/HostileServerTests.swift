import Foundation
import Testing

@testable import Transport

@Suite("A hostile HTTP server")
struct HostileServerTests {
    @Test(
        "that answers nonsense is an error, and soon",
        arguments: [
            "no http at all\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",

            "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 100\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\0", "",
        ])
    func nonsense(_ answer: String) async throws {
        let error = try await failure(Array(answer.utf8))
        #expect(error != nil, "\(answer.debugDescription)")
        #expect((error?.description.utf8.count ?? 1) < 1000)
    }

    @Test(
        "that gives a length which is no number, is read to the end of its connection",
        arguments: ["5x", "1e3", "99999999999999999999"])
    func strangeLength(_ length: String) async throws {
        // libcurl is lenient here; what comes of it is judged by the decoder of the body.
        let error = try await failure(Array("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\nhello".utf8))
        #expect((error?.description.utf8.count ?? 1) < 1000)
    }

    @Test("whose headers never end is cut off at the limit, which the error names")
    func headers() async throws {
        let lines =
            "HTTP/1.1 200 OK\r\n"
            + String(repeating: "X-A: " + String(repeating: "a", count: 1000) + "\r\n", count: 2000)
        let error = try await failure(Array(lines.utf8))
        #expect(error?.kind == .tooLarge)
        #expect(error?.message == "the headers are longer than 262144 bytes")
        let interim = String(
            repeating: "HTTP/1.1 103 Early Hints\r\nLink: " + String(repeating: "a", count: 1000) + "\r\n\r\n",
            count: 2000)
        let other = try await failure(Array(interim.utf8))
        #expect(other?.kind == .tooLarge)
    }

    @Test("whose body never ends is cut off at the limit, which the error names")
    func body() async throws {
        let peer = try RawPeer(
            Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + [UInt8](repeating: 120, count: 1 << 20), times: 100)
        defer { peer.stop() }
        let error = await failure(HTTPRequest(.get, peer.url, retry: RetryPolicy.none, maximumBody: 1 << 20))
        #expect(error?.kind == .tooLarge)
        #expect(error?.message == "the body is longer than 1048576 bytes")
    }

    @Test("with a body that unpacks to a thousand times its size is cut off at the same limit")
    func unpacked() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n"
        let peer = try RawPeer(Array(head.utf8) + bomb)
        defer { peer.stop() }
        let error = await failure(HTTPRequest(.get, peer.url, retry: RetryPolicy.none, maximumBody: 1 << 20))
        #expect(error?.message == "the body is longer than 1048576 bytes")
    }

    @Test("that drips is left at the deadline")
    func drip() async throws {
        let peer = try RawPeer(Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx".utf8), closes: false)
        defer { peer.stop() }
        let error = await failure(HTTPRequest(.get, peer.url, deadline: .seconds(1), retry: RetryPolicy.none))
        #expect(error?.kind == .timedOut)
    }

    @Test("with an event that never ends is cut off at the limit, which the error names")
    func events() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: "
        let peer = try RawPeer(Array(head.utf8) + [UInt8](repeating: 120, count: 1 << 20), times: 4)
        defer { peer.stop() }
        let error = await #expect(throws: TransportError.self) {
            for try await _ in HTTPClient.shared.events(HTTPRequest(.get, peer.url), largestEvent: 100_000) {}
        }
        #expect(error?.kind == .tooLarge && error?.message.contains("100000") == true)
    }

    @Test("answering mutated replies breaks nothing")
    func mutations() async throws {
        let samples = [
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"apps\":[{}]}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: a\r\n\r\n",
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: //127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n",
        ].map { Array($0.utf8) }
        for seed in FuzzRun.seeds {
            print("fuzz http: seed \(seed)")
            var mutator = Mutator(
                samples: samples, tokens: ["\r\n", "HTTP/1.1 ", "chunked", "gzip", "Location: "], seed: seed)
            for _ in 0..<40 {
                let peer = try RawPeer(mutator.next())
                defer { peer.stop() }
                let request = HTTPRequest(
                    .get, peer.url, deadline: .seconds(5), retry: RetryPolicy.none, maximumRedirects: 0)
                #expect(await (failure(request)?.description ?? "").utf8.count < 1000)
            }
        }
    }

    private func failure(_ answer: [UInt8]) async throws -> TransportError? {
        let peer = try RawPeer(answer)
        defer { peer.stop() }
        return await failure(HTTPRequest(.get, peer.url, deadline: .seconds(5), retry: RetryPolicy.none))
    }

    private func failure(_ request: HTTPRequest) async -> TransportError? {
        do throws(TransportError) {
            _ = try await HTTPClient.shared.send(request)
            return nil
        } catch {
            return error
        }
    }
}

/// 8 MiB of zeros, packed.
private let bomb: [UInt8] = {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", "import gzip,sys;sys.stdout.buffer.write(gzip.compress(bytes(8<<20)))"]
    let output = Pipe()
    process.standardOutput = output
    guard (try? process.run()) != nil else { return [] }
    return Array(output.fileHandleForReading.readDataToEndOfFile())
}()
