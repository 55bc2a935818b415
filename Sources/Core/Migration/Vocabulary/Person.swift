/// Someone as an operating system knows them: a user of a host.
public struct Person: Codable, Sendable, Hashable, CustomStringConvertible {
    public let user: String
    /// In lower case, as names of hosts are the same in either.
    public let host: String

    public init(user: String, host: String) {
        self.user = user
        self.host = host.lowercased()
    }

    /// `ada@ctl-1`.
    public var description: String { "\(user)@\(host)" }

    /// Whether a journal means this person: by `ada@ctl-1`, or by `ada` alone, as rz wrote it before it knew of hosts.
    public func isNamed(_ text: String) -> Bool {
        text == description || Person.plain(text) == Person.plain(user)
    }

    /// A name without what the eye does not see in it.
    static func plain(_ name: String) -> String {
        String(name.lowercased().filter { $0.isLetter || $0.isNumber || $0.isPunctuation })
    }
}
