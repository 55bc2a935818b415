/// Why an answer is none that HAProxy gives.
struct MalformedReply: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
