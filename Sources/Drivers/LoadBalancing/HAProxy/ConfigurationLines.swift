import Migration

/// The lines of a backend's servers that rz keeps in HAProxy's configuration, between two comments: what a reload reads.
///
/// HAProxy has no `include`, so the lines stand in the file itself, be it haproxy.cfg or another one that HAProxy is
/// started with (`-f` more than once, or a folder).
public struct ConfigurationLines: Sendable, Hashable {
    let backend: String

    public init(backend: String) { self.backend = backend }

    private var first: String { "# rz: servers of \(backend)" }
    private var last: String { "# rz: end of servers of \(backend)" }

    /// What people put into the backend, once, each in a line of its own.
    public var comments: [String] { [first, last] }

    /// The same in a sentence.
    var marks: String { "“\(first)” and “\(last)”" }

    /// Nil where the two comments are not there, each once.
    func servers(in contents: String) -> [ServerLine]? {
        place(in: lines(of: contents)).map { place in lines(of: contents)[place].compactMap { ServerLine($0) } }
    }

    /// The contents with these servers in place of those that stand there; nil where the two comments are not there.
    func contents(_ contents: String, with servers: [ServerLine]) -> String? {
        var lines = lines(of: contents)
        guard let place = place(in: lines) else { return nil }
        let indent = lines[place.lowerBound - 1].prefix { $0 == " " || $0 == "\t" }
        lines.replaceSubrange(place, with: servers.map { indent + Substring($0.text) })
        return lines.joined(separator: "\n")
    }

    private func lines(of contents: String) -> [Substring] {
        contents.split(separator: "\n", omittingEmptySubsequences: false)
    }

    private func place(in lines: [Substring]) -> Range<Int>? {
        func only(_ text: String) -> Int? {
            let places = lines.indices.filter {
                lines[$0].split(whereSeparator: \.isWhitespace).joined(separator: " ") == text
            }
            return places.count == 1 ? places[0] : nil
        }
        guard let begin = only(first), let end = only(last), begin < end else { return nil }
        return begin + 1..<end
    }
}
