/// The answer to a request, read to its end.
public struct HTTPResponse: Sendable {
    public let status: Int
    public let headers: HTTPHeaders
    public let body: [UInt8]
    /// Where it came from, after redirects.
    public let url: String

    public var text: String { String(decoding: body, as: UTF8.self) }
    public var isSuccess: Bool { (200..<300).contains(status) }
}

/// Headers of a response, found without regard to case.
public struct HTTPHeaders: Sendable, Hashable {
    public internal(set) var all: [HTTPHeader] = []

    /// The first value.
    public subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return all.first { $0.name.lowercased() == wanted }?.value
    }
}

/// An answer whose body arrives piece by piece.
public struct HTTPStream: Sendable {
    public let status: Int
    public let headers: HTTPHeaders
    /// Pieces of the body as they arrive. A reader that stops reading stops the sender, too.
    public let body: AsyncThrowingStream<[UInt8], any Error>
}
