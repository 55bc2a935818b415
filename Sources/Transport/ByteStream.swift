/// A connection over which bytes go in both directions. Reads and writes have a deadline each, and a cancelled task
/// ends its operation and closes the connection.
public protocol ByteStream: Sendable {
    /// Writes all bytes.
    func write(_ bytes: [UInt8], deadline: Duration) async throws(TransportError)
    /// Reads what is there, at least one byte; empty at the end of the stream.
    func read(upTo limit: Int, deadline: Duration) async throws(TransportError) -> [UInt8]
    /// Closes the connection; operations under way fail.
    func close()
}

extension ByteStream {
    public func read(deadline: Duration) async throws(TransportError) -> [UInt8] {
        try await read(upTo: 65_536, deadline: deadline)
    }
}

extension StreamSocket: ByteStream {}
