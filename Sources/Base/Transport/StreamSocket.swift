import FoundationEssentials
import Glibc
import Threads

/// A connected UNIX or TCP socket. Reads and writes may overlap; each has a deadline, and a cancelled task ends its
/// operation at once and closes the connection.
///
/// Sendable: `isClosed` is guarded by `lock`, the descriptor stays the same until no one has the socket any more, and
/// the kernel orders what is done with it. Nothing here blocks a thread: the descriptor is non-blocking.
public final class StreamSocket: @unchecked Sendable {
    public let address: SocketAddress
    private let descriptor: Int32
    private let lock = Lock()
    private var isClosed = false

    private init(_ descriptor: Int32, _ address: SocketAddress) {
        self.descriptor = descriptor
        self.address = address
    }

    deinit { Glibc.close(descriptor) }

    /// Connects.
    public static func connect(
        to address: SocketAddress, deadline: Duration = .seconds(3)
    ) async throws(TransportError) -> StreamSocket {
        StreamSocket(try await openSocket(address, until: .now + deadline), address)
    }

    /// Writes all bytes.
    public func write(_ bytes: [UInt8], deadline: Duration = .seconds(3)) async throws(TransportError) {
        let end = ContinuousClock.now + deadline
        var sent = 0
        while sent < bytes.count {
            try refuseIfOver()
            let (count, number) = bytes.withUnsafeBytes { buffer in
                let count = send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
                return (count, errno)
            }
            if count > 0 { sent += count } else { try await wait(after: number, for: POLLOUT, until: end) }
        }
    }

    /// Reads what is there, at least one byte; empty at the end of the stream.
    public func read(upTo limit: Int = 65_536, deadline: Duration = .seconds(3)) async throws(TransportError) -> [UInt8]
    {
        let end = ContinuousClock.now + deadline
        while true {
            try refuseIfOver()
            var outcome: (count: Int, number: Int32) = (0, 0)
            let bytes = [UInt8](unsafeUninitializedCapacity: max(1, limit)) { buffer, count in
                outcome = (recv(descriptor, buffer.baseAddress, buffer.count, 0), errno)
                count = max(0, outcome.count)
            }
            if outcome.count >= 0 {
                // What looks like the end of the stream may be the end that `close` made.
                if bytes.isEmpty { try refuseIfOver() }
                return bytes
            }
            try await wait(after: outcome.number, for: POLLIN, until: end)
        }
    }

    /// Signals the other end that no more comes; what it sends can still be read.
    public func endWriting() {
        lock.withLock {
            guard !isClosed else { return }
            shutdown(descriptor, Int32(SHUT_WR))
        }
    }

    /// Closes the connection; operations under way fail.
    public func close() {
        lock.withLock {
            guard !isClosed else { return }
            isClosed = true
            // The descriptor itself is closed when no one waits for it any more: its number may not change its meaning.
            shutdown(descriptor, Int32(SHUT_RDWR))
        }
    }

    private func refuseIfOver() throws(TransportError) {
        if Task.isCancelled { throw endedByCancellation() }
        if lock.withLock({ isClosed }) { throw error(.connectionLost, "the connection was closed") }
    }

    /// Waits until the socket is ready again, or throws what the error number says.
    private func wait(
        after number: Int32, for event: Int32, until end: ContinuousClock.Instant
    ) async throws(TransportError) {
        switch number {
        case EINTR: return
        case EAGAIN: break
        default: throw error(.connectionLost, String(cString: strerror(number)))
        }
        try await awaitReady(event, descriptor, until: end)
    }
}
