/// The clients attached to `/v2/events`.
struct EventHub {
    private struct Subscriber {
        let types: Set<String>
        let stream: AsyncStream<[UInt8]>.Continuation
    }

    private var subscribers: [Int: Subscriber] = [:]
    private var nextID = 0

    /// Frames a client may fall behind before it is dropped, as Marathon drops slow consumers.
    private static let backlog = 4096

    /// Attaches a client that wants events of `types`, all when empty.
    mutating func subscribe(types: Set<String>) -> (id: Int, frames: AsyncStream<[UInt8]>) {
        let (frames, stream) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingOldest(Self.backlog))
        nextID += 1
        subscribers[nextID] = Subscriber(types: types, stream: stream)
        return (nextID, frames)
    }

    mutating func publish(_ event: ServerEvent) {
        guard !subscribers.isEmpty else { return }
        let frame = event.frame
        send(frame) { $0.isEmpty || $0.contains(event.type) }
    }

    /// An empty line now and then shows both ends that the other is there.
    mutating func beat() {
        send(Array("\r\n".utf8)) { _ in true }
    }

    mutating func unsubscribe(_ id: Int) {
        subscribers.removeValue(forKey: id)?.stream.finish()
    }

    mutating func close() {
        for id in Array(subscribers.keys) { unsubscribe(id) }
    }

    private mutating func send(_ frame: [UInt8], where wants: (Set<String>) -> Bool) {
        for (id, subscriber) in subscribers where wants(subscriber.types) {
            guard case .enqueued = subscriber.stream.yield(frame) else {
                unsubscribe(id)
                continue
            }
        }
    }
}
