import Glibc

/// Opens a non-blocking socket and connects it.
func openSocket(_ address: SocketAddress, until end: ContinuousClock.Instant) async throws(TransportError) -> Int32 {
    switch address {
    case .unix(let path):
        return try await connect(try unixAddress(path, address), address, until: end)
    case .tcp(let host, let port):
        var last = TransportError(.nameResolution, target: address.description, message: "no address")
        for candidate in try await NameResolution.addresses(of: host, port: port, for: address, until: end) {
            do throws(TransportError) {
                return try await connect(candidate, address, until: end)
            } catch {
                if error.kind == .cancelled { throw error }
                last = error
            }
        }
        throw last
    }
}

private func unixAddress(_ path: String, _ address: SocketAddress) throws(TransportError) -> ResolvedAddress {
    var unix = sockaddr_un()
    unix.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: unix.sun_path), !bytes.contains(0) else {
        throw TransportError(.malformed, target: address.description, message: "a socket can't have this path")
    }
    withUnsafeMutableBytes(of: &unix.sun_path) { $0.copyBytes(from: bytes) }
    return ResolvedAddress(family: AF_UNIX, bytes: withUnsafeBytes(of: unix) { Array($0) })
}

private func connect(
    _ resolved: ResolvedAddress, _ address: SocketAddress, until end: ContinuousClock.Instant
) async throws(TransportError) -> Int32 {
    let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(resolved.family, flags, 0)
    guard descriptor >= 0 else {
        throw TransportError(.other, target: address.description, message: String(cString: strerror(errno)))
    }
    do throws(TransportError) {
        try await finishConnecting(descriptor, resolved, address, until: end)
        return descriptor
    } catch {
        close(descriptor)
        throw error
    }
}

private func finishConnecting(
    _ descriptor: Int32, _ resolved: ResolvedAddress, _ address: SocketAddress, until end: ContinuousClock.Instant
) async throws(TransportError) {
    while true {
        switch beginConnecting(descriptor, resolved) {
        case 0: return
        case EINPROGRESS:
            try await wait(POLLOUT, descriptor, address, until: end)
            let number = pendingError(of: descriptor)
            if number == 0 { return }
            throw failure(number, address)
        case EAGAIN:
            // The queue of a UNIX socket is full, and nothing signals when it has room again.
            do { try await Task.sleep(until: min(end, .now + .milliseconds(10))) } catch { throw cancelled(address) }
            guard ContinuousClock.now < end else { throw timedOut(address) }
        case let number: throw failure(number, address)
        }
    }
}

private func wait(
    _ event: Int32, _ descriptor: Int32, _ address: SocketAddress, until end: ContinuousClock.Instant
) async throws(TransportError) {
    switch await SocketWaiter.shared.wait(for: Int16(event), on: descriptor, until: end) {
    case .ready: return
    case .timedOut: throw timedOut(address)
    case .cancelled: throw cancelled(address)
    }
}

/// The error number, or 0.
private func beginConnecting(_ descriptor: Int32, _ resolved: ResolvedAddress) -> Int32 {
    resolved.bytes.withUnsafeBytes { bytes in
        guard let pointer = bytes.bindMemory(to: sockaddr.self).baseAddress else { return EINVAL }
        return Glibc.connect(descriptor, pointer, socklen_t(bytes.count)) == 0 ? 0 : errno
    }
}

private func pendingError(of descriptor: Int32) -> Int32 {
    var number: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size) == 0 ? number : errno
}

private func timedOut(_ address: SocketAddress) -> TransportError {
    TransportError(.timedOut, target: address.description, message: "no connection in time")
}

private func cancelled(_ address: SocketAddress) -> TransportError {
    TransportError(.cancelled, target: address.description, message: "cancelled")
}

private func failure(_ number: Int32, _ address: SocketAddress) -> TransportError {
    let kind: TransportError.Kind =
        switch number {
        case ECONNREFUSED, ENOENT, EACCES, EHOSTUNREACH, ENETUNREACH: .refused
        case ETIMEDOUT: .timedOut
        case ECONNRESET: .connectionLost
        default: .other
        }
    return TransportError(kind, target: address.description, message: String(cString: strerror(number)))
}
