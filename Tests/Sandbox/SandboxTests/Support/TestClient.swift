import Foundation
import Glibc
import JSON

/// A plain HTTP/1.0 client that sends paths exactly as they are written.
struct TestClient: Sendable {
    let port: Int

    struct Reply: Sendable {
        let status: Int
        let headers: [String: String]
        let text: String

        var json: JSON? { try? JSON(parsing: text) }
        var message: String? { json?["message"]?.string }
    }

    func send(
        _ method: String, _ path: String, _ body: String? = nil, contentType: String = "application/json",
        accept: String = "*/*"
    ) async throws -> Reply {
        let content = body ?? ""
        var head = "\(method) \(path) HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: \(accept)\r\n"
        if body != nil { head += "Content-Type: \(contentType)\r\nContent-Length: \(content.utf8.count)\r\n" }
        let request = Array((head + "\r\n" + content).utf8)
        let reply = try await exchange(request) { _ in false }
        return Self.parse(reply)
    }

    /// Reads an endless response until what has arrived satisfies `enough`; `attached` runs once it has begun.
    func stream(
        _ path: String, attached: @escaping @Sendable () async -> Void,
        until enough: @escaping @Sendable (String) -> Bool
    ) async throws -> Reply {
        let head = "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        let reply = try await exchange(Array(head.utf8), begun: { Task { await attached() } }, until: enough)
        return Self.parse(reply)
    }

    private func exchange(
        _ request: [UInt8], begun: @escaping @Sendable () -> Void = {},
        until enough: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try blockingExchange(request, begun, enough) })
            }
        }
    }

    private func blockingExchange(_ request: [UInt8], _ begun: () -> Void, _ enough: (String) -> Bool) throws -> String
    {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw ConditionNeverHeld(description: "no connection to port \(port)") }
        _ = Glibc.send(file, request, request.count, Int32(MSG_NOSIGNAL))
        var reply: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = recv(file, &buffer, buffer.count, 0)
            if count <= 0 { break }
            if reply.isEmpty { begun() }
            reply += buffer[..<count]
            if enough(String(decoding: reply, as: UTF8.self)) { break }
        }
        return String(decoding: reply, as: UTF8.self)
    }

    private static func parse(_ text: String) -> Reply {
        let end = text.firstRange(of: "\r\n\r\n")
        let head = end.map { text[..<$0.lowerBound] } ?? text[...]
        let lines = head.split(separator: "\r\n")
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        return Reply(status: status, headers: headers, text: end.map { String(text[$0.upperBound...]) } ?? "")
    }
}
