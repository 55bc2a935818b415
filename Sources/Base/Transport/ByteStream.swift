/// A connection over which bytes go in both directions. Reads and writes have a deadline each, and a cancelled task
/// ends its operation and closes the connection.
public protocol ByteStream: Sendable {
    /// Writes all bytes.
    func write(_ bytes: [UInt8], deadline: Duration) async throws(TransportError)
    /// Reads what is there, at least one byte; empty at the end of the stream.
    func read(upTo limit: Int, deadline: Duration) async throws(TransportError) -> [UInt8]
    /// Closes the connection; operations under way fail.
    func close()
    var address: SocketAddress { get }
}

extension ByteStream {
    /// Waits until a non-blocking descriptor is ready; a cancelled task closes the connection.
    func awaitReady(
        _ event: Int32, _ descriptor: Int32, until end: ContinuousClock.Instant
    ) async throws(TransportError) {
        switch await SocketWaiter.shared.wait(for: Int16(event), on: descriptor, until: end) {
        case .ready: return
        case .timedOut: throw error(.timedOut, "no answer in time")
        case .cancelled: throw endedByCancellation()
        }
    }

    func endedByCancellation() -> TransportError {
        close()
        return error(.cancelled, "cancelled")
    }

    func error(_ kind: TransportError.Kind, _ message: String) -> TransportError {
        TransportError(kind, target: address.description, message: message, effectIsUnknown: true)
    }
}

extension ByteStream {
    public func read(deadline: Duration) async throws(TransportError) -> [UInt8] {
        try await read(upTo: 65_536, deadline: deadline)
    }
}

extension StreamSocket: ByteStream {}
