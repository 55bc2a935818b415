import Glibc
import Migration

/// Knows one secret, `TOKEN`.
let resolver: Resolver = { setting throws(Failure) in
    var text = ""
    for part in setting.parts {
        switch part {
        case .text(let literal): text += literal
        case .reference(_, let name):
            guard name == "TOKEN" else { throw Failure("\(name) is not set") }
            text += "hunter2"
        }
    }
    return text
}

/// A port on which nobody listens.
func freePort() throws -> Int {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
        }
    }
    guard isBound else { throw Failure("no port is free") }
    return Int(UInt16(bigEndian: address.sin_port))
}
