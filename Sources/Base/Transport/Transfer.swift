import CCurl
import FoundationEssentials
import Glibc

/// One exchange on the event loop.
///
/// Sendable: after `EventLoop.start` only the loop's thread touches it; whoever waits hears through `onEnd` and the
/// pipe, which are Sendable themselves.
final class Transfer: @unchecked Sendable {
    /// What a transfer reported when it ended.
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    let request: HTTPRequest
    /// Where it takes place.
    let loop: EventLoop
    private(set) var handle: UnsafeMutableRawPointer?
    private(set) var isFinished = false
    private let deadline: Duration
    private let onEnd: @Sendable (Result<Answer, TransportError>) -> Void
    /// Where the body goes piece by piece; nil collects it.
    private let pipe: BodyPipe?
    private let route: ServerRoute
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var connectList: UnsafeMutablePointer<curl_slist>?
    private var headers = HTTPHeaders()
    private var body: [UInt8] = []
    private var headerSize = 0
    /// The part that is longer than allowed, when that ended the transfer.
    private var excess: String?
    /// Of one exchange, with all its interim answers. Some versions of libcurl have no limit, the others
    /// one of 300 KiB that looks like a lost connection.
    private static let largestHeaders = 256 << 10
    /// Where libcurl writes what went wrong in detail.
    private let problem: UnsafeMutablePointer<CChar>

    init(
        _ request: HTTPRequest, deadline: Duration, pipe: BodyPipe? = nil,
        onEnd: @escaping @Sendable (Result<Answer, TransportError>) -> Void
    ) {
        self.request = request
        route = ServerRoute(request.url, serverName: request.tls.serverName)
        loop = EventLoop.for(request)
        self.deadline = deadline
        self.pipe = pipe
        self.onEnd = onEnd
        problem = .allocate(capacity: Int(CURL_ERROR_SIZE))
        problem.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_slist_free_all(headerList)
        curl_slist_free_all(connectList)
        if let handle { curl_easy_cleanup(handle) }
        problem.deallocate()
    }

    // MARK: - Set-up

    /// Makes the easy handle; nil when libcurl refuses an option.
    func prepare() -> UnsafeMutableRawPointer? {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        let isSet = [
            text(CURLOPT_URL, route.url), text(CURLOPT_PROTOCOLS_STR, "http,https"), text(CURLOPT_ACCEPT_ENCODING, ""),
            number(CURLOPT_NOSIGNAL, 1), rz_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, problem) == CURLE_OK,
            // See `HTTPRequest.following`.
            number(CURLOPT_FOLLOWLOCATION, 0), setProxy(),
            number(
                CURLOPT_HTTP_VERSION,
                request.assumesHTTP2 ? rz_curl_http_version_2_prior_knowledge() : rz_curl_http_version_2_tls()),
            number(CURLOPT_FRESH_CONNECT, loop.reusesConnections ? 0 : 1),
            number(CURLOPT_FORBID_REUSE, loop.reusesConnections ? 0 : 1), setDeadline(), setMethod(), setBody(),
            setCredentials(), setTLS(), setHeaders(), setCallbacks(),
            request.unixSocket.map { text(CURLOPT_UNIX_SOCKET_PATH, $0) } ?? true,
        ]
        return isSet.allSatisfy { $0 } ? handle : nil
    }

    private func setDeadline() -> Bool {
        let milliseconds = Int(min(max(1, deadline / .milliseconds(1)), Double(Int32.max)))
        // A stream lives on after its headers; HTTPClient watches the time until then.
        return number(pipe == nil ? CURLOPT_TIMEOUT_MS : CURLOPT_CONNECTTIMEOUT_MS, milliseconds)
    }

    private func setMethod() -> Bool {
        switch request.method {
        case .head: number(CURLOPT_NOBODY, 1)
        case .get where request.body == nil: number(CURLOPT_HTTPGET, 1)
        // A name of one's own would outlive a redirect that asks for a GET.
        case .post: number(CURLOPT_POST, 1)
        default: text(CURLOPT_CUSTOMREQUEST, request.method.name)
        }
    }

    private func setBody() -> Bool {
        let expectsBody = [.post, .put, .patch].contains(request.method)
        guard let handle, let body = request.body ?? (expectsBody ? [] : nil) else { return self.handle != nil }
        let isSized = rz_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)) == CURLE_OK
        return isSized
            && (body.isEmpty ? [0] : body).withUnsafeBytes { bytes in
                let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                return rz_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, start) == CURLE_OK
            }
    }

    private func setCredentials() -> Bool {
        switch request.credentials {
        case nil, .token: true
        case .basic(let user, let password):
            text(CURLOPT_USERNAME, user) && text(CURLOPT_PASSWORD, password)
                && number(CURLOPT_HTTPAUTH, rz_curl_auth_basic())
        case .bearer(let token):
            text(CURLOPT_XOAUTH2_BEARER, token) && number(CURLOPT_HTTPAUTH, rz_curl_auth_bearer())
        case .aws(let signer):
            // libcurl would read a colon as the end of a word.
            !signer.region.contains(":") && !signer.service.contains(":")
                && text(CURLOPT_AWS_SIGV4, "aws:amz:\(signer.region):\(signer.service)")
                && text(CURLOPT_USERNAME, signer.accessKey) && text(CURLOPT_PASSWORD, signer.secretKey)
        }
    }

    /// Both options in any case: without them libcurl takes a proxy from the environment's variables.
    private func setProxy() -> Bool {
        let proxy = request.unixSocket == nil ? URLParts(request.url).flatMap { request.proxy?($0.name) } : nil
        return text(CURLOPT_PROXY, proxy ?? "") && text(CURLOPT_NOPROXY, proxy == nil ? "*" : "")
            && number(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    }

    private func setTLS() -> Bool {
        guard let handle, request.tls.set(on: handle) else { return false }
        guard let connectTo = route.connectTo else { return true }
        connectList = curl_slist_append(nil, connectTo)
        return rz_curl_set_list(handle, CURLOPT_CONNECT_TO, connectList) == CURLE_OK
    }

    private func setHeaders() -> Bool {
        guard let handle else { return false }
        var headers = request.headers
        if case .token(let token) = request.credentials {
            headers.append(HTTPHeader("Authorization", "token=\(token)"))
        }
        if case .aws(let signer) = request.credentials, let token = signer.sessionToken {
            headers.append(HTTPHeader("X-Amz-Security-Token", token))
        }
        // libcurl asks for permission to send a large body, and waits a second for servers that don't know that; it
        // takes every body for a form. A name with a colon and no value turns its own header off.
        var lines = isSigned ? [] : ["Expect:"]
        // The server is asked by the name in its certificate, for what the URL says.
        if route.connectTo != nil, !headers.contains(where: { $0.name.lowercased() == "host" }) {
            lines.append("Host: \(route.host)")
        }
        if !isSigned, !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        lines += headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        for line in lines {
            guard !line.utf8.contains(where: { $0 == 10 || $0 == 13 || $0 == 0 }) else { return false }
            headerList = curl_slist_append(headerList, line)
        }
        return rz_curl_set_list(handle, CURLOPT_HTTPHEADER, headerList) == CURLE_OK
    }

    /// libcurl signs a header that was turned off, too (7.88: curl issue 11664), and the signature is refused.
    private var isSigned: Bool {
        if case .aws = request.credentials { true } else { false }
    }

    private func setCallbacks() -> Bool {
        guard let handle else { return false }
        // Unretained is enough: the event loop holds the transfer for as long as libcurl holds the handle.
        let context = Unmanaged.passUnretained(self).toOpaque()
        return rz_curl_set_write(handle, CURLOPT_WRITEFUNCTION, receiveBody) == CURLE_OK
            && rz_curl_set_pointer(handle, CURLOPT_WRITEDATA, context) == CURLE_OK
            && rz_curl_set_write(handle, CURLOPT_HEADERFUNCTION, receiveHeader) == CURLE_OK
            && rz_curl_set_pointer(handle, CURLOPT_HEADERDATA, context) == CURLE_OK
    }

    private func text(_ option: CURLoption, _ value: String) -> Bool {
        guard let handle, !value.utf8.contains(0) else { return false }
        return rz_curl_set_text(handle, option, value) == CURLE_OK
    }

    private func number(_ option: CURLoption, _ value: Int) -> Bool {
        guard let handle else { return false }
        return rz_curl_set_long(handle, option, value) == CURLE_OK
    }

    // MARK: - What arrives

    /// False ends the transfer.
    fileprivate func take(header line: [UInt8]) -> Bool {
        headerSize += line.count
        guard headerSize <= Transfer.largestHeaders else {
            excess = "the headers are longer than \(Transfer.largestHeaders) bytes"
            return false
        }
        let text = String(decoding: line, as: UTF8.self)
        // A status line begins a new set: after interim answers only the last counts.
        if text.hasPrefix("HTTP/") { headers = HTTPHeaders() }
        guard let colon = text.firstIndex(of: ":"), !text.hasPrefix("HTTP/") else {
            if text == "\r\n" || text == "\n", let handle, let pipe, !isInterim(handle) {
                pipe.begin(status: rz_curl_get_long(handle, CURLINFO_RESPONSE_CODE), headers: headers)
            }
            return true
        }
        headers.all.append(
            HTTPHeader(
                String(text[..<colon]),
                text[text.index(after: colon)...].trimmed))
        return true
    }

    /// An answer after which another one follows: 1xx.
    private func isInterim(_ handle: UnsafeMutableRawPointer) -> Bool {
        rz_curl_get_long(handle, CURLINFO_RESPONSE_CODE) < 200
    }

    fileprivate func take(body bytes: UnsafeRawBufferPointer) -> Int {
        if let pipe { return pipe.put(Array(bytes)) ? bytes.count : rz_curl_pause_write() }
        guard body.count + bytes.count <= request.maximumBody else {
            excess = "the body is longer than \(request.maximumBody) bytes"
            return 0
        }
        body += bytes
        return bytes.count
    }

    // MARK: - The end

    func finish(_ outcome: CURLcode) {
        guard outcome == CURLE_OK, let handle else {
            let wasSent = handle.map { rz_curl_get_long($0, CURLINFO_REQUEST_SIZE) > 0 } ?? false
            return end(
                .failure(
                    TransportError(
                        excess == nil ? outcome : CURLE_FILESIZE_EXCEEDED, request, excess ?? String(cString: problem),
                        wasSent: wasSent,
                        verification: handle.map { rz_curl_get_long($0, CURLINFO_SSL_VERIFYRESULT) } ?? 0)))
        }
        end(
            .success(
                Answer(
                    status: rz_curl_get_long(handle, CURLINFO_RESPONSE_CODE), headers: headers, body: body)))
    }

    func cancel() { end(.failure(TransportError(cancelled: request))) }
    func expire() { finish(CURLE_OPERATION_TIMEDOUT) }

    private func end(_ result: Result<Answer, TransportError>) {
        guard !isFinished else { return }
        isFinished = true
        pipe?.end(result)
        onEnd(result)
    }
}

private let receiveBody: rz_curl_write = { bytes, size, count, context in
    Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        .take(body: UnsafeRawBufferPointer(start: bytes, count: size * count))
}

private let receiveHeader: rz_curl_write = { bytes, size, count, context in
    let line = Array(UnsafeRawBufferPointer(start: bytes, count: size * count))
    // Any other number than all of them is an error to libcurl.
    return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().take(header: line) ? line.count : 0
}
