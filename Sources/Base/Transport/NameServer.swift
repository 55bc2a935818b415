import CResolver
import Glibc

/// One name server, asked directly and over UDP, whatever this host's own configuration says.
///
/// Source: RFC 1035 and RFC 2782, as the C library's resolver (resolver(3)) speaks and reads them.
public struct NameServer: Sendable {
    /// What a name server says of a name.
    public struct Answer: Sendable, Hashable {
        /// Addresses of A records, or targets of SRV records, in the order of the answer.
        public var records: [String]
        /// Whether there are more, which the answer had no room for.
        public var isCut: Bool

        public init(records: [String] = [], isCut: Bool = false) {
            self.records = records
            self.isCut = isCut
        }
    }

    public enum RecordType: Sendable { case a, srv }

    /// What an answer without records, or the lack of an answer, means.
    public enum Refusal: Error, Sendable, Hashable {
        /// It does not know the name, or no record of this type.
        case unknownName
        /// It answers that it can't answer now.
        case failed
        case noAnswer(TransportError)
    }

    private let address: SocketAddress

    /// - Parameter address: of TCP's form; asked over UDP.
    public init(_ address: SocketAddress) { self.address = address }

    public func ask(
        _ name: String, _ type: RecordType, deadline: Duration
    ) async throws(Refusal) -> Answer {
        let end = ContinuousClock.now + deadline
        let server = try await server(until: end)
        // In whole seconds, and longer than the deadline: an end of the library's own means that the server refused.
        let seconds = Int32(clamping: max(0, deadline.components.seconds) + 1)
        let outcome = await BlockingCall<Result<Answer, Refusal>>.perform(until: end) { () throws(TransportError) in
            var server = server
            return Result { () throws(Refusal) in try NameServer.ask(&server, name, type, seconds, address) }
        }
        switch outcome {
        case .done(.success(let result)): return try result.get()
        case .done(.failure(let error)): throw .noAnswer(error)
        case .timedOut: throw .noAnswer(error(.timedOut, "no answer within \(deadline)"))
        case .cancelled: throw .noAnswer(error(.cancelled, "cancelled"))
        }
    }

    private func server(until end: ContinuousClock.Instant) async throws(Refusal) -> sockaddr_in {
        guard case .tcp(let host, let port) = address else {
            throw .noAnswer(error(.malformed, "is not host:port"))
        }
        do throws(TransportError) {
            let found = try await NameResolution.addresses(of: host, port: port, for: address, until: end)
            guard let known = found.first(where: { $0.family == AF_INET }),
                known.bytes.count == MemoryLayout<sockaddr_in>.size
            else { throw error(.nameResolution, "has no IPv4 address") }
            return known.bytes.withUnsafeBytes { $0.loadUnaligned(as: sockaddr_in.self) }
        } catch {
            throw .noAnswer(error)
        }
    }

    private static func ask(
        _ server: inout sockaddr_in, _ name: String, _ type: RecordType, _ seconds: Int32, _ address: SocketAddress
    ) throws(Refusal) -> Answer {
        var buffer = [UInt8](repeating: 0, count: 65_535)
        var failure: Int32 = 0
        let number = type == .a ? rz_dns_type_a() : rz_dns_type_srv()
        let length = rz_dns_ask(&server, name, number, seconds, &buffer, Int32(buffer.count), &failure)
        switch length {
        case 0...: return try read(Array(buffer.prefix(Int(length))), type)
        case -HOST_NOT_FOUND, -NO_DATA: throw .unknownName
        case -TRY_AGAIN where failure == ECONNREFUSED:
            throw .noAnswer(
                TransportError(.refused, target: address.description, message: "nothing listens there, or it refuses"))
        default: throw .failed
        }
    }

    /// Reads the records of one type from the answer section of a message.
    static func read(_ message: [UInt8], _ type: RecordType) throws(Refusal) -> Answer {
        let wanted = type == .a ? rz_dns_type_a() : rz_dns_type_srv()
        let length = Int32(clamping: message.count)
        let count = rz_dns_count(message, length)
        guard count >= 0 else { throw .failed }
        var records: [String] = []
        for index in 0..<count {
            // The longest name of RFC 1035 has 255 bytes, each of which may be written as four.
            var text = [CChar](repeating: 0, count: 1025)
            let found = rz_dns_record(message, length, index, &text, UInt32(text.count))
            guard found >= 0 else { throw .failed }
            guard found == wanted else { continue }
            records.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        if records.isEmpty { throw .unknownName }
        return Answer(records: records, isCut: rz_dns_is_cut(message, length) != 0)
    }

    private func error(_ kind: TransportError.Kind, _ message: String) -> TransportError {
        TransportError(kind, target: address.description, message: message)
    }
}
