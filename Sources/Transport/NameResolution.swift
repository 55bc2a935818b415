import Foundation
import Glibc

/// A socket address of the kernel's kind.
struct ResolvedAddress: Sendable {
    var family: Int32
    var bytes: [UInt8]
}

/// Looks up a host name. The library's call blocks for as long as it likes, so it gets a thread of its own, and the
/// caller leaves it behind at the deadline.
///
/// Sendable: `result` is guarded by `lock`.
final class NameResolution: @unchecked Sendable {
    private let lock = NSLock()
    private var result: Result<[ResolvedAddress], TransportError>?
    private let done = Alarm()

    private init() {}

    static func addresses(
        of host: String, port: Int, for address: SocketAddress, until end: ContinuousClock.Instant
    ) async throws(TransportError) -> [ResolvedAddress] {
        if let known = try? look(up: host, port, address, flags: AI_NUMERICHOST) { return known }
        let resolution = NameResolution()
        Thread.detachNewThread {
            let result = Result { () throws(TransportError) in try look(up: host, port, address, flags: 0) }
            resolution.lock.withLock { resolution.result = result }
            resolution.done.ring()
        }
        switch await SocketWaiter.shared.wait(for: Int16(POLLIN), on: resolution.done.descriptor, until: end) {
        case .ready: break
        case .timedOut:
            throw TransportError(
                .nameResolution, target: address.description, message: "the name was not resolved in time")
        case .cancelled: throw TransportError(.cancelled, target: address.description, message: "cancelled")
        }
        return try resolution.lock.withLock { resolution.result }?.get() ?? []
    }

    private static func look(
        up host: String, _ port: Int, _ address: SocketAddress, flags: Int32
    ) throws(TransportError) -> [ResolvedAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags
        var found: UnsafeMutablePointer<addrinfo>?
        let outcome = getaddrinfo(host, String(port), &hints, &found)
        guard outcome == 0 else {
            throw TransportError(
                .nameResolution, target: address.description, message: String(cString: gai_strerror(outcome)))
        }
        defer { freeaddrinfo(found) }
        var addresses: [ResolvedAddress] = []
        var candidate = found
        while let info = candidate?.pointee {
            let bytes = UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen))
            addresses.append(ResolvedAddress(family: info.ai_family, bytes: Array(bytes)))
            candidate = info.ai_next
        }
        return addresses
    }
}
