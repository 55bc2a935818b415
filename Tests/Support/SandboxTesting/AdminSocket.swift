import Transport

/// One question to a HAProxy, asked without rz.
package func askHAProxy(_ address: String, _ command: String) async throws -> String {
    guard let address = SocketAddress(address) else { return "" }
    let socket = try await StreamSocket.connect(to: address)
    defer { socket.close() }
    try await socket.write(Array("\(command)\n".utf8))
    var answer: [UInt8] = []
    while true {
        let bytes = try await socket.read()
        if bytes.isEmpty { return String(decoding: answer, as: UTF8.self) }
        answer += bytes
    }
}
