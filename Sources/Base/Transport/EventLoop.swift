import CCurl
import FoundationEssentials
import Glibc
import Threads

/// A thread on which libcurl works: thousands of transfers over `curl_multi_poll`.
///
/// There are two. When a connection that was used before ends without a byte of an answer, libcurl takes it for one
/// that the server had given up, and sends the request again on a new one, whatever its method, although the server may
/// have acted on the first. So what must not be sent twice goes over a loop where every connection is used once: for
/// each hop of a redirect, too, which `CURLOPT_FRESH_CONNECT` alone does not bring about.
///
/// Sendable: `inbox` is guarded by `lock`; the multi handle and `running` are touched by the loop's thread only,
/// except for `curl_multi_wakeup`, which libcurl allows from any thread.
final class EventLoop: @unchecked Sendable {
    /// For requests that change nothing: their connections are kept and used again.
    private static let reusing = EventLoop(reusesConnections: true)
    /// For requests that may change something: each has connections of its own.
    private static let fresh = EventLoop(reusesConnections: false)

    /// The loop for a request.
    static func `for`(_ request: HTTPRequest) -> EventLoop { request.isSafe ? reusing : fresh }

    private enum Command: Sendable {
        case start(Transfer)
        case cancel(Transfer)
        case expire(Transfer)
        case resume(Transfer)
    }

    /// libcurl's own set-up, once in a process.
    private static let library: Void = rz_curl_global_init()

    /// Must come before any other call to libcurl.
    static func prepareLibrary() { _ = library }

    /// Connections to one host at a time; further transfers wait for one.
    private static let connectionsPerHost = 256

    let reusesConnections: Bool
    private let multi: UnsafeMutableRawPointer
    private let lock = Lock()
    private var inbox: [Command] = []
    private var running: [UnsafeMutableRawPointer: Transfer] = [:]

    private init(reusesConnections: Bool) {
        self.reusesConnections = reusesConnections
        EventLoop.prepareLibrary()
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl has no memory to start") }
        self.multi = multi
        if !reusesConnections {
            // Nor may a transfer join the connection of another one that is under way (HTTP/2).
            _ = rz_curl_multi_set_long(multi, CURLMOPT_PIPELINING, rz_curl_pipe_nothing())
        }
        _ = rz_curl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, EventLoop.connectionsPerHost)
        _ = rz_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, EventLoop.connectionsPerHost)
        OwnThread.start(reusesConnections ? "rz.transport" : "rz.transport.1") { [self] in run() }
    }

    func start(_ transfer: Transfer) { send(.start(transfer)) }
    func cancel(_ transfer: Transfer) { send(.cancel(transfer)) }
    func expire(_ transfer: Transfer) { send(.expire(transfer)) }
    func resume(_ transfer: Transfer) { send(.resume(transfer)) }

    private func send(_ command: Command) {
        lock.withLock { inbox.append(command) }
        curl_multi_wakeup(multi)
    }

    private func run() {
        while true {
            for command in lock.withLock({ () -> [Command] in
                defer { inbox.removeAll(keepingCapacity: true) }
                return inbox
            }) { perform(command) }
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            finishDone()
            curl_multi_poll(multi, nil, 0, 1000, nil)
        }
    }

    private func perform(_ command: Command) {
        switch command {
        case .start(let transfer):
            guard !transfer.isFinished else { return }
            guard let handle = transfer.prepare() else {
                transfer.finish(CURLE_FAILED_INIT)
                return
            }
            guard curl_multi_add_handle(multi, handle) == CURLM_OK else {
                transfer.finish(CURLE_OUT_OF_MEMORY)
                return
            }
            running[handle] = transfer
        case .cancel(let transfer):
            transfer.cancel()
            remove(transfer)
        case .expire(let transfer):
            transfer.expire()
            remove(transfer)
        case .resume(let transfer):
            if let handle = transfer.handle, running[handle] != nil { curl_easy_pause(handle, CURLPAUSE_CONT) }
        }
    }

    /// Removing a handle closes its connection, so the server sees the end of it.
    private func remove(_ transfer: Transfer) {
        if let handle = transfer.handle, running.removeValue(forKey: handle) != nil {
            curl_multi_remove_handle(multi, handle)
        }
    }

    private func finishDone() {
        var outcome = CURLE_OK
        while let handle = rz_curl_multi_next_done(multi, &outcome) {
            curl_multi_remove_handle(multi, handle)
            running.removeValue(forKey: handle)?.finish(outcome)
        }
    }
}
