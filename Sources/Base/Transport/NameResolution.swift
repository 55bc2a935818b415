import Glibc

/// A socket address of the kernel's kind.
struct ResolvedAddress: Sendable {
    var family: Int32
    var bytes: [UInt8]
}

/// Looks up host names as this host does.
enum NameResolution {
    static func addresses(
        of host: String, port: Int, for address: SocketAddress, until end: ContinuousClock.Instant
    ) async throws(TransportError) -> [ResolvedAddress] {
        if let known = try? look(up: host, port, address, flags: AI_NUMERICHOST) { return known }
        let outcome = await BlockingCall<[ResolvedAddress]>.perform(until: end) { () throws(TransportError) in
            try look(up: host, port, address, flags: 0)
        }
        switch outcome {
        case .done(let result): return try result.get()
        case .timedOut:
            throw TransportError(
                .nameResolution, target: address.description, message: "the name was not resolved in time")
        case .cancelled: throw TransportError(.cancelled, target: address.description, message: "cancelled")
        }
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
