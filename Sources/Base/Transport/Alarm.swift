import Glibc

/// A descriptor that gets ready to read when someone rings: a socket pair to oneself.
final class Alarm: Sendable {
    /// To poll for `POLLIN`.
    let descriptor: Int32
    private let bell: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        precondition(socketpair(AF_UNIX, flags, 0, &ends) == 0, "no descriptors left")
        (descriptor, bell) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(bell)
    }

    /// A full buffer is no failure: it is ready to read as it is.
    func ring() {
        var byte: UInt8 = 1
        _ = write(bell, &byte, 1)
    }

    func silence() {
        var bytes = [UInt8](repeating: 0, count: 512)
        while read(descriptor, &bytes, bytes.count) == bytes.count {}
    }
}
