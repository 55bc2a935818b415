import Dispatch
import Foundation
import Glibc

/// A connected UNIX or TCP socket. Reads and writes may overlap; each has a deadline, and a cancelled task ends its
/// operation at once by shutting the socket down.
///
/// Sendable: the descriptor is guarded by `lock`, and the kernel orders what is done with it. Blocking calls run on
/// a queue of their own, never on Swift's cooperative threads.
public final class StreamSocket: @unchecked Sendable {
    private static let queue = DispatchQueue(label: "rz.sockets", attributes: .concurrent)

    public let address: SocketAddress
    private let lock = NSLock()
    private var descriptor: Int32

    private init(_ descriptor: Int32, _ address: SocketAddress) {
        self.descriptor = descriptor
        self.address = address
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    /// Connects.
    public static func connect(
        to address: SocketAddress, deadline: Duration = .seconds(3)
    ) async throws(TransportError) -> StreamSocket {
        let result: Result<StreamSocket, TransportError> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(
                    returning: Result { () throws(TransportError) in
                        StreamSocket(try openSocket(address, ContinuousClock.now + deadline), address)
                    })
            }
        }
        return try result.get()
    }

    /// Writes all bytes.
    public func write(_ bytes: [UInt8], deadline: Duration = .seconds(3)) async throws(TransportError) {
        try await operate { () throws(TransportError) in
            let end = ContinuousClock.now + deadline
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { buffer in
                    send(
                        self.openDescriptor, buffer.baseAddress?.advanced(by: sent), bytes.count - sent,
                        Int32(MSG_NOSIGNAL))
                }
                if count > 0 {
                    sent += count
                } else {
                    try self.waitAfter(errno, for: Int16(POLLOUT), until: end)
                }
            }
        }
    }

    /// Reads what is there, at least one byte; empty at the end of the stream.
    public func read(upTo limit: Int = 65_536, deadline: Duration = .seconds(3)) async throws(TransportError) -> [UInt8]
    {
        try await operate { () throws(TransportError) in
            let end = ContinuousClock.now + deadline
            var buffer = [UInt8](repeating: 0, count: limit)
            while true {
                let count = buffer.withUnsafeMutableBytes { recv(self.openDescriptor, $0.baseAddress, limit, 0) }
                if count >= 0 { return Array(buffer.prefix(count)) }
                try self.waitAfter(errno, for: Int16(POLLIN), until: end)
            }
        }
    }

    /// Closes the socket; operations under way fail.
    public func close() {
        lock.withLock {
            guard descriptor >= 0 else { return }
            // Shut down before closing, so that nobody still polls a descriptor that means something else by now.
            shutdown(descriptor, Int32(SHUT_RDWR))
        }
    }

    private var openDescriptor: Int32 { lock.withLock { descriptor } }

    private func operate<Value: Sendable>(
        _ work: @escaping @Sendable () throws(TransportError) -> Value
    ) async throws(TransportError) -> Value {
        let result: Result<Value, TransportError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                StreamSocket.queue.async { continuation.resume(returning: Result(catching: work)) }
            }
        } onCancel: {
            close()
        }
        if Task.isCancelled { throw error(.cancelled, "cancelled") }
        return try result.get()
    }

    /// Waits until the socket is ready again, or throws what the error number says.
    private func waitAfter(
        _ number: Int32, for events: Int16, until end: ContinuousClock.Instant
    ) throws(TransportError) {
        switch number {
        case EINTR: return
        case EAGAIN: break
        default: throw error(.connectionLost, String(cString: strerror(number)))
        }
        guard try StreamSocket.isReady(openDescriptor, events, end, address) else {
            throw error(.timedOut, "no answer in time")
        }
    }

    private func error(_ kind: TransportError.Kind, _ message: String) -> TransportError {
        TransportError(kind, target: address.description, message: message, effectIsUnknown: true)
    }

    /// False when the time is over.
    fileprivate static func isReady(
        _ descriptor: Int32, _ events: Int16, _ end: ContinuousClock.Instant, _ address: SocketAddress
    ) throws(TransportError) -> Bool {
        while true {
            let left = end - ContinuousClock.now
            guard left > .zero else { return false }
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let count = poll(&entry, 1, Int32(clamping: max(1, Int(left / .milliseconds(1)))))
            if count > 0 { return true }
            if count < 0, errno != EINTR {
                throw TransportError(.other, target: address.description, message: String(cString: strerror(errno)))
            }
        }
    }
}

// MARK: - Connecting

private func openSocket(
    _ address: SocketAddress, _ end: ContinuousClock.Instant
) throws(TransportError) -> Int32 {
    switch address {
    case .unix(let path): try openUNIXSocket(path, address, end)
    case .tcp(let host, let port): try openTCPSocket(host, port, address, end)
    }
}

private func openUNIXSocket(
    _ path: String, _ address: SocketAddress, _ end: ContinuousClock.Instant
) throws(TransportError) -> Int32 {
    var unix = sockaddr_un()
    unix.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: unix.sun_path) else {
        throw TransportError(
            .malformed, target: address.description, message: "the path is longer than a socket's may be")
    }
    withUnsafeMutableBytes(of: &unix.sun_path) { $0.copyBytes(from: bytes) }
    return try withUnsafePointer(to: unix) { (pointer: UnsafePointer<sockaddr_un>) throws(TransportError) -> Int32 in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            (general: UnsafePointer<sockaddr>) throws(TransportError) -> Int32 in
            try connected(AF_UNIX, general, socklen_t(MemoryLayout<sockaddr_un>.size), address, end)
        }
    }
}

private func openTCPSocket(
    _ host: String, _ port: Int, _ address: SocketAddress, _ end: ContinuousClock.Instant
) throws(TransportError) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let outcome = getaddrinfo(host, String(port), &hints, &found)
    guard outcome == 0 else {
        throw TransportError(
            .nameResolution, target: address.description, message: String(cString: gai_strerror(outcome)))
    }
    defer { freeaddrinfo(found) }
    var last = TransportError(.nameResolution, target: address.description, message: "no address")
    var candidate = found
    while let info = candidate?.pointee {
        do throws(TransportError) {
            guard let pointer = info.ai_addr else { throw last }
            return try connected(info.ai_family, pointer, info.ai_addrlen, address, end)
        } catch {
            last = error
        }
        candidate = info.ai_next
    }
    throw last
}

private func connected(
    _ family: Int32, _ pointer: UnsafePointer<sockaddr>, _ length: socklen_t, _ address: SocketAddress,
    _ end: ContinuousClock.Instant
) throws(TransportError) -> Int32 {
    let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, flags, 0)
    guard descriptor >= 0 else {
        throw TransportError(.other, target: address.description, message: String(cString: strerror(errno)))
    }
    do throws(TransportError) {
        try finishConnecting(descriptor, connect(descriptor, pointer, length), address, end)
        return descriptor
    } catch {
        close(descriptor)
        throw error
    }
}

private func finishConnecting(
    _ descriptor: Int32, _ outcome: Int32, _ address: SocketAddress, _ end: ContinuousClock.Instant
) throws(TransportError) {
    if outcome == 0 { return }
    var number = errno
    if number == EINPROGRESS || number == EAGAIN {
        guard try StreamSocket.isReady(descriptor, Int16(POLLOUT), end, address) else {
            throw TransportError(.timedOut, target: address.description, message: "no connection in time")
        }
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size)
        if number == 0 { return }
    }
    let kind: TransportError.Kind =
        [ECONNREFUSED, ENOENT, EACCES, EHOSTUNREACH, ENETUNREACH].contains(number) ? .refused : .other
    throw TransportError(kind, target: address.description, message: String(cString: strerror(number)))
}
