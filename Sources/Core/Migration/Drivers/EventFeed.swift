/// The events of a run as they come: one element for each look, with what is new since the look before, perhaps nothing.
///
/// It has no end of its own: it ends when its reader stops or is cancelled, or with the failure of a look.
public struct EventFeed: AsyncSequence, Sendable {
    public typealias Element = [Event]
    public typealias Failure = Migration.Failure
    public typealias Look = @Sendable (_ after: Int) async throws(Migration.Failure) -> [Event]
    public typealias Pause = @Sendable () async throws(CancellationError) -> Void

    private let first: AsyncIterator

    /// - Parameters:
    ///   - sequence: the position after which the first look begins.
    ///   - look: reads the events after a position.
    ///   - pause: lets time pass between two looks, or waits until there is news.
    public init(after sequence: Int, look: @escaping Look, pause: @escaping Pause) {
        first = AsyncIterator(last: sequence, look: look, pause: pause)
    }

    public func makeAsyncIterator() -> AsyncIterator { first }

    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        fileprivate var last: Int
        fileprivate let look: Look
        fileprivate let pause: Pause
        private var hasLooked = false

        fileprivate init(last: Int, look: @escaping Look, pause: @escaping Pause) {
            (self.last, self.look, self.pause) = (last, look, pause)
        }

        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(Migration.Failure) -> [Event]? {
            if hasLooked { do { try await pause() } catch { return nil } }
            if Task.isCancelled { return nil }
            hasLooked = true
            let events = try await look(last)
            last = events.last?.sequence ?? last
            return events
        }
    }
}
