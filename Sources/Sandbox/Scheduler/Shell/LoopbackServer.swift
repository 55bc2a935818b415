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
            try await respond(request)
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
    /// Serves an API until cancelled; a request that can't be read is refused in words.
    func serve(_ respond: @escaping @Sendable (APIRequest) async -> APIResponse) async throws {
        try await run { received in
            let request: APIRequest
            do throws(MarathonError) {
                request = try await APIRequest(received)
            } catch {
                return HTTPResponse(APIResponse(status: error.status, json: error.body), withoutBody: false)
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
