import Foundation
import Glibc

/// A TCP server on a free loopback port that answers every connection with the same bytes, and then closes it, or leaves
/// that to the other side.
///
/// Sendable: everything is set before the thread starts.
final class RawPeer: @unchecked Sendable {
    let port: UInt16
    private let listener: Int32
    private let answer: [UInt8]
    /// How often the answer is repeated; it stops when the other side has gone.
    private let times: Int
    private let closes: Bool

    init(_ answer: [UInt8], times: Int = 1, closes: Bool = true) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        self.answer = answer
        self.times = times
        self.closes = closes
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard bound else { throw Violation("no port to listen on") }
        port = UInt16(bigEndian: address.sin_port)
        Thread { [self] in serve() }.start()
    }

    var url: String { "http://127.0.0.1:\(port)/" }
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else {
                close(listener)
                return
            }
            Thread { [self] in talk(connection) }.start()
        }
    }

    private func talk(_ connection: Int32) {
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(connection, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        var request = [UInt8](repeating: 0, count: 65_536)
        _ = recv(connection, &request, request.count, 0)
        for _ in 0..<times where send(connection, answer, answer.count, Int32(MSG_NOSIGNAL)) != answer.count { break }
        if closes { shutdown(connection, Int32(SHUT_WR)) }
        // Closing with unread bytes would take the answer away from the other side.
        while recv(connection, &request, request.count, 0) > 0 {}
        close(connection)
    }
}
