import FlyingFox
import FlyingSocks
import Glibc

/// An HTTP server on one address of the loopback network.
struct LoopbackServer: Sendable {
    let address: String
    let port: Int

    /// Serves until cancelled.
    ///
    /// - Throws: `SchedulerError` when the address is no address or taken, `CancellationError` when it is cancelled.
    func run(_ respond: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse) async throws {
        guard let number = UInt16(exactly: port), let socket = try? sockaddr_in.inet(ip4: address, port: number) else {
            throw SchedulerError("The scheduler can't listen on \(address):\(port).")
        }
        let server = HTTPServer(
            address: socket, timeout: 60, pool: PromptSocketPool(base: HTTPServer.defaultPool()), logger: .disabled)
        // mesos-compose has a method of its own, which no wildcard matches.
        let methods = HTTPMethod.allMethods.union(["UPDATE"])
        await server.appendRoute(HTTPRoute(methods: methods, path: "*")) { request in
            if let host = request.headers[.host], !LoopbackServer.isLoopback(host) {
                return HTTPResponse(LoopbackServer.foreign, withoutBody: request.method == "HEAD")
            }
            return try await respond(request)
        }
        do {
            try await server.run()
        } catch let error as SocketError {
            // A server that is cancelled finds its socket gone.
            try Task.checkCancellation()
            throw SchedulerError(
                "The scheduler can't serve on \(address):\(port): \(error). "
                    + "Is another scheduler of this color still running?")
        }
    }
}

extension LoopbackServer {
    /// Whether a `Host` header names this machine. A page of the Web whose name leads here names its own host.
    ///
    /// - Parameter host: with or without a port.
    static func isLoopback(_ host: String) -> Bool {
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
        if ["localhost", "[::1]"].contains(name.lowercased()) { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static let foreign = APIResponse(
        status: 403, contentType: "text/plain", text: "The sandbox answers requests to 127.x.x.x and localhost only.\n")

    /// Serves an API until cancelled; a request that can't be read is refused in words.
    ///
    /// - Parameter credentials: who may use it; everyone when nil.
    func serve(
        for credentials: SchedulerCredentials? = nil, _ respond: @escaping @Sendable (APIRequest) async -> APIResponse
    ) async throws {
        try await run { received in
            let request: APIRequest
            do throws(MarathonError) {
                request = try await APIRequest(received)
            } catch {
                return HTTPResponse(APIResponse(status: error.status, json: error.body), withoutBody: false)
            }
            if let refusal = credentials?.refusal(of: request) {
                return HTTPResponse(refusal, withoutBody: request.method == "HEAD")
            }
            return HTTPResponse(await respond(request), withoutBody: request.method == "HEAD")
        }
    }
}

/// A socket pool that turns Nagle's algorithm off.
///
/// Head and body of a response are written apart; on a kept-alive connection the second write would wait for the
/// client's delayed acknowledgement, 40 ms for each request. Accepted sockets inherit the option from the listener.
struct PromptSocketPool<Base: AsyncSocketPool>: AsyncSocketPool {
    let base: Base

    func prepare() async throws {
        try await base.prepare()
    }

    func run() async throws {
        try await base.run()
    }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        var enabled: Int32 = 1
        setsockopt(
            socket.file.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &enabled, socklen_t(MemoryLayout<Int32>.size))
        try await base.suspendSocket(socket, untilReadyFor: events)
    }
}
