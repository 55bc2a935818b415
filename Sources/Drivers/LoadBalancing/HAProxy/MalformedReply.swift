/// Why an answer is none that HAProxy gives.
struct MalformedReply: Error, Hashable, CustomStringConvertible {
    /// Servers, or lines of statistics, on one load balancer. Sums over so many counters can't overflow.
    static let mostServers = 32_768

    let description: String

    init(_ description: String) { self.description = description }
}
