/// A class of what goes wrong with requests: each may have a limit of its own beside that of all errors together.
///
/// Not every load balancer counts each of them: `BackendState.counted`.
public enum ErrorClass: String, Codable, Sendable, Hashable, CaseIterable, CodingKeyRepresentable {
    /// Answers of servers with 5xx.
    case serverErrors
    /// Answers of servers with 4xx: a color that knows no user any more, or no page, answers so.
    case clientErrors
    /// Requests for which no connection could be made.
    case connectionErrors
    /// Requests whose answer broke off, or was none.
    case responseErrors
    /// Attempts that were made again at the same server, whether or not that succeeded.
    case retries
    /// Attempts that were made again at another server.
    case redispatches

    /// In the middle of a sentence.
    public var words: String {
        switch self {
        case .serverErrors: "5xx answers"
        case .clientErrors: "4xx answers"
        case .connectionErrors: "failed connections"
        case .responseErrors: "broken answers"
        case .retries: "retries"
        case .redispatches: "redispatches"
        }
    }

    /// Those of connections, which a load balancer knows where it reads no answers, too.
    public static let ofConnections: Set<ErrorClass> = [.connectionErrors, .retries, .redispatches]
}

/// How often something may go wrong, as a part of all requests.
public struct ErrorLimit: Codable, Sendable, Hashable {
    /// Whatever the old color does.
    public var max: Percent?
    /// So far above the old color's part of the same time.
    public var maxAboveLive: Percent?

    public init(max: Percent? = nil, maxAboveLive: Percent? = nil) {
        self.max = max
        self.maxAboveLive = maxAboveLive
    }
}

/// How often what went wrong was of each class. Of 4xx `ServerCounters` has its own count.
public struct ErrorCounts: Codable, Sendable, Hashable {
    public var server: Int
    public var connection: Int
    public var response: Int
    public var retries: Int
    public var redispatches: Int

    public init(server: Int = 0, connection: Int = 0, response: Int = 0, retries: Int = 0, redispatches: Int = 0) {
        self.server = server
        self.connection = connection
        self.response = response
        self.retries = retries
        self.redispatches = redispatches
    }

    /// Nil for what is counted elsewhere.
    subscript(errorClass: ErrorClass) -> Int? {
        switch errorClass {
        case .serverErrors: server
        case .clientErrors: nil
        case .connectionErrors: connection
        case .responseErrors: response
        case .retries: retries
        case .redispatches: redispatches
        }
    }

    public static func + (left: Self, right: Self) -> Self {
        ErrorCounts(
            server: left.server + right.server, connection: left.connection + right.connection,
            response: left.response + right.response, retries: left.retries + right.retries,
            redispatches: left.redispatches + right.redispatches)
    }

    public static func - (left: Self, right: Self) -> Self {
        ErrorCounts(
            server: left.server - right.server, connection: left.connection - right.connection,
            response: left.response - right.response, retries: left.retries - right.retries,
            redispatches: left.redispatches - right.redispatches)
    }

    /// What came since an earlier count, none of which is less than nothing.
    public func since(_ earlier: ErrorCounts) -> ErrorCounts {
        let news = self - earlier
        return ErrorCounts(
            server: max(0, news.server), connection: max(0, news.connection), response: max(0, news.response),
            retries: max(0, news.retries), redispatches: max(0, news.redispatches))
    }
}
