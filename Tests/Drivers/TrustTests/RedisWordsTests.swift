import Migration
import Testing
import Transport
import Trust

@Suite("What a Redis refuses")
struct RedisWordsTests {
    @Test(
        "is said in words, with whether it may pass",
        arguments: [
            ("LOADING Redis is loading the dataset in memory", "is still loading its data", Failure.Kind.transient),
            ("READONLY You can't write against a read only replica.", "is a replica that takes no writes", .permanent),
            ("MASTERDOWN Link with MASTER is down", "is a replica without its primary", .transient),
            ("NOAUTH Authentication required.", "requires authentication", .permanent),
            ("OOM command not allowed when used memory > 'maxmemory'.", "has no memory left for writes", .permanent),
            ("MISCONF Redis is configured to save RDB snapshots", "takes no writes, as it can't save", .permanent),
            ("MOVED 3999 10.0.0.1:6381", "is a cluster", .permanent),
            ("ERR syntax error", "refuses", .permanent),
        ])
    func words(message: String, summary: String, kind: Failure.Kind) {
        let failure = Failure(
            RedisError(message: message), calling: "edge-1's Redis", at: "redis:6379", settings: "here")
        #expect(failure.summary.hasPrefix("edge-1's Redis \(summary)"))
        #expect(failure.details == [message])
        #expect(failure.kind == kind)
    }
}
