/// One HTTP request (RFC 9110).
public struct HTTPRequest: Sendable {
    public var method: HTTPMethod
    /// `http` or `https`; no other scheme is ever followed.
    public var url: String
    public var headers: [HTTPHeader]
    public var body: [UInt8]?
    /// Whether it only asks, though its method may change something: a POST of a query API that reads.
    public var onlyAsks: Bool
    /// For the whole exchange, retries and redirects included; for a stream: until its headers are there.
    public var deadline: Duration
    public var credentials: Credentials?
    public var tls: TLSOptions
    /// Connects to this UNIX socket instead of the URL's host.
    public var unixSocket: String?
    /// Nil: safe methods are tried again, others are not.
    public var retry: RetryPolicy?
    /// Redirects that are followed; with 0 one is an answer like any other.
    public var maximumRedirects: Int
    /// Whether what is confidential (who asks, a client certificate, a body, headers of one's own) may follow a
    /// redirect to another host, which is in small letters; without it the redirect is an error.
    public var mayRedirectTo: @Sendable (_ host: String) -> Bool
    /// The URL of the proxy for a host; nil for none. Variables of the environment name none.
    public var proxy: (@Sendable (_ host: String) -> String?)?
    /// HTTP/2 without TLS, for servers known to speak it.
    public var assumesHTTP2: Bool
    /// A longer body is an error.
    public var maximumBody: Int

    public init(
        _ method: HTTPMethod = .get, _ url: String, headers: [HTTPHeader] = [], body: [UInt8]? = nil,
        onlyAsks: Bool = false, deadline: Duration = .seconds(10), credentials: Credentials? = nil,
        tls: TLSOptions = TLSOptions(),
        unixSocket: String? = nil, retry: RetryPolicy? = nil, maximumRedirects: Int = 5,
        mayRedirectTo: @escaping @Sendable (_ host: String) -> Bool = { _ in false },
        proxy: (@Sendable (_ host: String) -> String?)? = nil, assumesHTTP2: Bool = false, maximumBody: Int = 64 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.onlyAsks = onlyAsks
        self.deadline = deadline
        self.credentials = credentials
        self.tls = tls
        self.unixSocket = unixSocket
        self.retry = retry
        self.maximumRedirects = maximumRedirects
        self.mayRedirectTo = mayRedirectTo
        self.proxy = proxy
        self.assumesHTTP2 = assumesHTTP2
        self.maximumBody = maximumBody
    }

    /// Whether it asks for no change, so that it may be made again.
    var isSafe: Bool { onlyAsks || method.isSafe }
}

public struct HTTPMethod: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let name: String

    public init(_ name: String) { self.name = name }
    public init(stringLiteral value: String) { name = value }

    public static let get: HTTPMethod = "GET"
    public static let head: HTTPMethod = "HEAD"
    public static let post: HTTPMethod = "POST"
    public static let put: HTTPMethod = "PUT"
    public static let patch: HTTPMethod = "PATCH"
    public static let delete: HTTPMethod = "DELETE"

    /// Whether a request with it asks for no change (RFC 9110, section 9.2.1).
    public var isSafe: Bool { ["GET", "HEAD", "OPTIONS", "TRACE"].contains(name) }
    public var description: String { name }
}

public struct HTTPHeader: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Who asks. Never shown: it has no description of its own contents.
public enum Credentials: Sendable, Hashable, CustomStringConvertible {
    case basic(user: String, password: String)
    case bearer(String)
    /// DC/OS: `Authorization: token=…`.
    case token(String)
    /// AWS: a signature (Signature Version 4), made again for each attempt.
    case aws(AWSSigner)

    public var description: String { "credentials" }
}

/// Who signs requests to an API of AWS, and for which service. The secret key itself is never sent.
public struct AWSSigner: Sendable, Hashable, CustomStringConvertible {
    public var accessKey: String
    public var secretKey: String
    /// Of temporary credentials; signed and sent with each request.
    public var sessionToken: String?
    /// `eu-central-1`.
    public var region: String
    /// `elasticloadbalancing`.
    public var service: String

    public init(accessKey: String, secretKey: String, sessionToken: String? = nil, region: String, service: String) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.region = region
        self.service = service
    }

    public var description: String { "credentials" }
}

/// How often a request that failed for a passing reason is made again.
public struct RetryPolicy: Sendable, Hashable {
    public var attempts: Int
    /// Before the second attempt; doubled with each further one. The real pause is a random part of it.
    public var pause: Duration

    public init(attempts: Int, pause: Duration = .milliseconds(100)) {
        self.attempts = attempts
        self.pause = pause
    }

    public static let none = RetryPolicy(attempts: 1)
    public static let standard = RetryPolicy(attempts: 3)
}
