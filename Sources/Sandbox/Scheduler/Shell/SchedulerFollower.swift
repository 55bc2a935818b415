import FlyingFox
import Foundation
import Transport

/// A Marathon that is not the leader: it passes every request on, and sends those who want events to the leader.
///
/// Source: `LeaderProxyFilter` and `LeaderProxyFilter.ERROR_STATUS_*` of Marathon 1.11.
public struct SchedulerFollower: Sendable {
    private let server: LoopbackServer
    /// Address and port of the leader; nil while no one is elected.
    private let leader: String?

    private static let deadline = Duration.seconds(10)
    /// Headers that belong to one connection, not to the request.
    private static let perConnection: Set = ["connection", "content-length", "host", "transfer-encoding", "keep-alive"]

    public init(address: String, port: Int, leader: String?) {
        server = LoopbackServer(address: address, port: port)
        self.leader = leader
    }

    /// Serves until cancelled.
    ///
    /// - Throws: `SchedulerError` when the address is taken.
    public func run() async throws {
        try await server.run { request in
            try await respond(to: request)
        }
    }

    private func respond(to request: FlyingFox.HTTPRequest) async throws -> FlyingFox.HTTPResponse {
        guard let leader else { return refusal("Could not determine the current leader") }
        let target = request.target.rawValue
        let url = "http://\(leader)\(target.hasPrefix("/") ? target : "/" + target)"
        if request.target.path().split(separator: "/") == ["v2", "events"] {
            var response = FlyingFox.HTTPResponse(statusCode: HTTPStatusCode(302, phrase: "Found"))
            response.headers[.location] = url
            return response
        }
        guard request.headers[Self.via] != viaValue else { return refusal("Detected proxying loop.") }
        var headers = request.headers.flatMap { name, value in
            Self.perConnection.contains(name.rawValue.lowercased()) ? [] : [Transport.HTTPHeader(name.rawValue, value)]
        }
        headers.append(Transport.HTTPHeader(Self.via.rawValue, viaValue))
        let body = Array(try await request.bodyData)
        do throws(TransportError) {
            let reply = try await HTTPClient.shared.send(
                Transport.HTTPRequest(
                    Transport.HTTPMethod(request.method.rawValue), url, headers: headers,
                    body: body.isEmpty ? nil : body, deadline: Self.deadline, retry: RetryPolicy.none,
                    maximumRedirects: 0))
            return response(reply)
        } catch {
            switch error.kind {
            case .refused: return refusal("Connection to leader refused.")
            case .timedOut: return refusal("Connection to leader timed out.", status: 504)
            default: return refusal("Failed to successfully establish a connection to the leader.")
            }
        }
    }

    private static let via = FlyingFox.HTTPHeader("X-Marathon-Via")
    private var viaValue: String { "1.1 \(server.address):\(server.port)" }

    private func response(_ reply: Transport.HTTPResponse) -> FlyingFox.HTTPResponse {
        var response = FlyingFox.HTTPResponse(
            statusCode: HTTPStatusCode(reply.status, phrase: "Proxied"), body: Data(reply.body))
        for header in reply.headers.all where !Self.perConnection.contains(header.name.lowercased()) {
            response.headers[FlyingFox.HTTPHeader(header.name)] = header.value
        }
        response.headers[Self.via] = viaValue
        return response
    }

    private func refusal(_ message: String, status: Int = 502) -> FlyingFox.HTTPResponse {
        FlyingFox.HTTPResponse(
            APIResponse(status: status, contentType: "text/plain", text: message), withoutBody: false)
    }
}
