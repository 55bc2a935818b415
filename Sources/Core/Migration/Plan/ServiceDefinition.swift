import Synchronization

/// A service's launch definition as lossless JSON text, and what its driver read of it: a definition is read once,
/// however many ask for it. Copies share what was read; only the text tells two definitions apart.
public struct ServiceDefinition: Sendable {
    public let text: String
    private let reading: Reading

    public init(_ text: String) { self.init(text, reading: Reading(nil)) }

    /// - Parameter value: what `text` was written from, as a reader would get it.
    public init(_ text: String, readAs value: some Sendable) { self.init(text, reading: Reading(value)) }

    private init(_ text: String, reading: Reading) {
        self.text = text
        self.reading = reading
    }

    /// What the text says: as it was read before, or as `read` reads it now.
    ///
    /// - Throws: what `read` throws; the next one who asks reads again.
    public func value<Value: Sendable>(_ read: (String) throws(Failure) -> Value) throws(Failure) -> Value {
        if let known = reading.value.withLock({ $0 }) as? Value { return known }
        let value = try read(text)
        reading.value.withLock { $0 = value }
        return value
    }

    private final class Reading: Sendable {
        let value: Mutex<(any Sendable)?>

        init(_ value: (any Sendable)?) { self.value = Mutex(value) }
    }
}

extension ServiceDefinition: Hashable {
    public static func == (left: ServiceDefinition, right: ServiceDefinition) -> Bool { left.text == right.text }
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension ServiceDefinition: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension ServiceDefinition: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(text) }
}
