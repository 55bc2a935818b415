import Dispatch
import FoundationEssentials
import Glibc
import Threads

/// Writes to a descriptor whose reader may stall or go at any time: what is published is rendered and written by a
/// thread of its own, in order, and the newest wins. A reader that stalls or goes loses lines, and no one waits for it.
public struct BoundedOutput<Item: Sendable>: Sendable {
    private let handover: Handover<Item>

    /// - Parameters:
    ///   - capacity: how many items may wait; a further one takes the place of the oldest.
    ///   - render: the text of an item, asked for when its turn has come; empty for none. Is given how many items
    ///     before it were dropped.
    public init(
        to descriptor: Int32, capacity: Int,
        render: @escaping @Sendable (_ item: Item, _ dropped: Int) -> String
    ) {
        handover = Handover("rz.output.\(descriptor)", capacity: capacity) { item, dropped in
            writeWhole(Array(render(item, dropped).utf8), to: descriptor)
        }
    }

    /// Returns at once.
    public func publish(_ item: Item) { handover.give(item) }

    /// Takes a last item and no more, and gives the reader so much time for what is still to be written.
    ///
    /// - Returns: whether everything was written, or the reader has gone.
    @discardableResult
    public func close(with last: Item? = nil, within limit: Duration) async -> Bool {
        await handover.close(with: last, within: limit)
    }
}

/// Writes all bytes, however long that takes.
///
/// - Returns: false when no one can read them any more.
public func writeWhole(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            rest = rest.dropFirst(count)
        } else if count < 0, errno == EAGAIN {
            // Someone who shares the descriptor made it non-blocking.
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&ready, 1, -1)
        } else if !(count < 0 && errno == EINTR) {
            return false
        }
    }
    return true
}

/// Writes all bytes, or what a reader takes of them within a time.
public func writeWhole(_ bytes: [UInt8], to descriptor: Int32, within limit: Duration) {
    let written = DispatchSemaphore(value: 0)
    OwnThread.start {
        blockWriteSignals()
        _ = writeWhole(bytes, to: descriptor)
        written.signal()
    }
    _ = written.wait(timeout: .now() + limit / .seconds(1))
}

/// For a thread that writes: a background job that writes to its terminal is stopped (SIGTTOU), one whose reader has
/// gone is killed (SIGPIPE). With these signals blocked the write succeeds, or fails.
func blockWriteSignals() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    sigaddset(&signals, SIGTTOU)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
}
