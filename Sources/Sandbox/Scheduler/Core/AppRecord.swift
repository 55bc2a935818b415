/// Everything kept about one app or pod.
struct AppRecord: Sendable {
    /// What was asked for last.
    var definition: AppDefinition
    /// What is being kept up: the last definition whose deployment step has begun; nil before the first one has.
    var effective: AppDefinition?
    /// Earlier definitions, oldest first.
    var history: [AppDefinition] = []
    var backoff: Backoff?
    var lastFailure: TaskFailure?

    static let historyLimit = 25

    func definition(of version: Timestamp) -> AppDefinition? {
        definition.version == version ? definition : history.last { $0.version == version }
    }

    /// From now on what was asked for last is what is kept up.
    mutating func takeEffect() {
        effective = definition
    }

    mutating func replace(with next: AppDefinition) {
        history.append(definition)
        if history.count > Self.historyLimit {
            let kept = effective?.version
            if let index = history.firstIndex(where: { $0.version != kept }) { history.remove(at: index) }
        }
        definition = next
    }
}

/// The last task of an app that ended on its own.
struct TaskFailure: Sendable, Hashable {
    let task: String
    let hostname: String
    let slaveID: String
    let message: String
    let state: String
    let timestamp: Timestamp
    let version: Timestamp
}

/// Tasks of one app that wait for an offer or for their back-off to pass: an entry of the launch queue.
struct PendingLaunch: Sendable {
    var count: Int
    let since: Timestamp
    var lastAttempt: Timestamp?
    var processedOffers = 0
    var unusedOffers = 0
    var lastUnusedOfferAt: Timestamp?
    var lastUsedOfferAt: Timestamp?
    /// The offers of the last attempt that could not be used.
    var rejections: [Rejection] = []
}
