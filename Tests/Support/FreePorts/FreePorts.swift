import Foundation
import Glibc
import Synchronization

/// Ports of the loopback addresses that no other test has while this process lives, also no test of another process.
///
/// The system's own way, to bind port 0 and close it again, gives the port away until it is bound for good: to another
/// test that asks, or to any connection as its source. So these lie below the range that the system gives out
/// (`ip_local_port_range` starts at 32768) and above those of sandboxes, and each is locked in a file that the tests of
/// all processes share, whatever their TMPDIR.
package enum FreePorts {
    private static let range = 30_000..<32_700
    private static let claimed = Mutex<Set<Int>>([])

    /// Claims ports, each another, for the rest of this process's life.
    package static func claim(_ count: Int) throws(NoFreePort) -> [Int] {
        var ports: [Int] = []
        for _ in 0..<count { ports.append(try claim()) }
        return ports
    }

    /// Claims one port for the rest of this process's life.
    package static func claim() throws(NoFreePort) -> Int {
        for _ in 1...2000 {
            let port = Int.random(in: range)
            let isMine = claimed.withLock { $0.insert(port).inserted && lock(port) }
            if isMine && isFree(port) { return port }
        }
        throw NoFreePort()
    }

    /// The system drops the locks of a process that ends, however it ends.
    private static let locks: Int32 = {
        open("/tmp/rz-test-ports-\(getuid())", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    }()

    private static func lock(_ port: Int) -> Bool {
        var byte = flock()
        byte.l_type = Int16(F_WRLCK)
        byte.l_whence = Int16(SEEK_SET)
        byte.l_start = port
        byte.l_len = 1
        return fcntl(locks, F_SETLK, &byte) == 0
    }

    /// Whether nobody listens there on any loopback address.
    private static func isFree(_ port: Int) -> Bool {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_ANY
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

package struct NoFreePort: Error, CustomStringConvertible {
    package let description = "no port from 30000 to 32699 is left: all are locked by tests, or something listens there"
}
