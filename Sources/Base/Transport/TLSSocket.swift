import CCurl
import FoundationEssentials
import Glibc
import Threads

/// A TLS connection without HTTP: libcurl makes the handshake and checks the certificates, then hands the connection
/// over (CURLOPT_CONNECT_ONLY).
///
/// Sendable: the handle and `isClosed` are guarded by `lock`; the descriptor stays open as long as the object is there.
public final class TLSSocket: ByteStream, @unchecked Sendable {
    public let address: SocketAddress
    /// What the server showed, its own certificate first.
    public let certificates: [PeerCertificate]
    private let handle: UnsafeMutableRawPointer
    private let descriptor: Int32
    private let lock = Lock()
    private var isClosed = false

    private init(_ handle: UnsafeMutableRawPointer, _ address: SocketAddress) {
        self.handle = handle
        self.address = address
        descriptor = rz_curl_get_socket(handle)
        certificates = PeerCertificate.chain(of: handle)
    }

    deinit { curl_easy_cleanup(handle) }

    /// Connects to a TCP address.
    ///
    /// - Throws: `TransportError`; of kind `.tls`, it says what is wrong with the server's certificate.
    public static func connect(
        to address: SocketAddress, tls: TLSOptions, deadline: Duration = .seconds(3)
    ) async throws(TransportError) -> TLSSocket {
        guard case .tcp(let host, let port) = address else {
            throw TransportError(.malformed, target: address.description, message: "TLS needs a host and a port")
        }
        let url = "https://\(host.contains(":") ? "[\(host)]" : host):\(port)/"
        let ending = Ending<Result<TLSSocket, TransportError>>()
        let result = await withTaskCancellationHandler {
            // libcurl blocks until the handshake is over.
            OwnThread.start { ending.resolve(handshake(url, address, tls, deadline)) }
            return await ending.value
        } onCancel: {
            ending.resolve(.failure(TransportError(.cancelled, target: address.description, message: "cancelled")))
        }
        do throws(TransportError) {
            return try result.get()
        } catch {
            throw tls.verifiesPeer ? await error.diagnosed(tls) : error
        }
    }

    private static func handshake(
        _ url: String, _ address: SocketAddress, _ tls: TLSOptions, _ deadline: Duration
    ) -> Result<TLSSocket, TransportError> {
        EventLoop.prepareLibrary()
        let problem = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        problem.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        defer { problem.deallocate() }
        guard let handle = curl_easy_init() else {
            return .failure(TransportError(.other, target: address.description, message: "libcurl has no memory"))
        }
        let route = ServerRoute(url, serverName: tls.serverName)
        let list = route.connectTo.map { curl_slist_append(nil, $0) } ?? nil
        defer { curl_slist_free_all(list) }
        let milliseconds = Int(min(max(1, deadline / .milliseconds(1)), Double(Int32.max)))
        let isSet =
            rz_curl_set_text(handle, CURLOPT_URL, route.url) == CURLE_OK
            && rz_curl_set_list(handle, CURLOPT_CONNECT_TO, list) == CURLE_OK
            && rz_curl_set_text(handle, CURLOPT_PROXY, "") == CURLE_OK && tls.set(on: handle)
            && rz_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, problem) == CURLE_OK
            && [
                (CURLOPT_CONNECT_ONLY, 1), (CURLOPT_CERTINFO, 1), (CURLOPT_NOSIGNAL, 1), (CURLOPT_SSL_ENABLE_ALPN, 0),
                (CURLOPT_CONNECTTIMEOUT_MS, milliseconds),
            ].allSatisfy { rz_curl_set_long(handle, $0.0, $0.1) == CURLE_OK }
        let outcome = isSet ? curl_easy_perform(handle) : CURLE_FAILED_INIT
        guard outcome == CURLE_OK else {
            var error = TransportError(
                outcome, HTTPRequest(.get, url, tls: tls), String(cString: problem), wasSent: false,
                verification: rz_curl_get_long(handle, CURLINFO_SSL_VERIFYRESULT))
            error.target = address.description
            curl_easy_cleanup(handle)
            return .failure(error)
        }
        // Its memory ends here.
        _ = rz_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, nil)
        return .success(TLSSocket(handle, address))
    }

    public func write(_ bytes: [UInt8], deadline: Duration = .seconds(3)) async throws(TransportError) {
        let end = ContinuousClock.now + deadline
        var sent = 0
        while sent < bytes.count {
            let (count, code) = try perform { handle in
                var count = 0
                let code = bytes.withUnsafeBytes { buffer in
                    curl_easy_send(handle, buffer.baseAddress?.advanced(by: sent), bytes.count - sent, &count)
                }
                return (count, code)
            }
            sent += count
            if code != CURLE_OK { try await wait(after: code, for: POLLOUT, until: end) }
        }
    }

    public func read(upTo limit: Int = 65_536, deadline: Duration = .seconds(3)) async throws(TransportError) -> [UInt8]
    {
        let end = ContinuousClock.now + deadline
        while true {
            let (bytes, code) = try perform { handle in
                var code = CURLE_OK
                let bytes = [UInt8](unsafeUninitializedCapacity: max(1, limit)) { buffer, count in
                    code = curl_easy_recv(handle, buffer.baseAddress, buffer.count, &count)
                    if code != CURLE_OK { count = 0 }
                }
                return (bytes, code)
            }
            if code == CURLE_OK { return bytes }
            try await wait(after: code, for: POLLIN, until: end)
        }
    }

    public func close() {
        lock.withLock {
            guard !isClosed else { return }
            isClosed = true
            // The descriptor itself is closed when no one waits for it any more: its number may not change its meaning.
            shutdown(descriptor, Int32(SHUT_RDWR))
        }
    }

    private func perform<Result>(_ work: (UnsafeMutableRawPointer) -> Result) throws(TransportError) -> Result {
        if Task.isCancelled { throw endedByCancellation() }
        lock.lock()
        defer { lock.unlock() }
        guard !isClosed else { throw error(.connectionLost, "the connection was closed") }
        return work(handle)
    }

    /// Waits until the connection is ready again, or throws what the code says.
    private func wait(
        after code: CURLcode, for event: Int32, until end: ContinuousClock.Instant
    ) async throws(TransportError) {
        guard code == CURLE_AGAIN else {
            throw error(.connectionLost, String(cString: curl_easy_strerror(code)))
        }
        try await awaitReady(event, descriptor, until: end)
    }
}
