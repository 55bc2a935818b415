/// A YAML document with its scalars as they were written: what a reader makes of `1.10` or `True` is the reader's own
/// business. Aliases stand for what they refer to.
public indirect enum YAMLTree: Sendable, Hashable {
    case scalar(Scalar)
    case list([YAMLTree])
    case map([Entry])

    public struct Scalar: Sendable, Hashable {
        public let text: String
        /// Written without quotes and without the tag of a text, so that it may be a number, a flag or nothing.
        public let isPlain: Bool

        public init(_ text: String, isPlain: Bool) {
            self.text = text
            self.isPlain = isPlain
        }
    }

    public struct Entry: Sendable, Hashable {
        public let key: String
        public let value: YAMLTree

        public init(_ key: String, _ value: YAMLTree) {
            self.key = key
            self.value = value
        }
    }

    /// Reads a document whose keys are texts.
    ///
    /// - Parameter merging: whether a plain key `<<` gives its map the entries of another one, or of several, the first
    ///   of which counts; what a map says itself counts before them. Source: yaml.org, "Merge Key Language-Independent
    ///   Type".
    /// - Throws: `YAMLError` with the line for what is no YAML, has a key twice, or is larger than a person writes.
    public init(yaml text: String, merging: Bool = false) throws(YAMLError) {
        let document = try YAMLDocument(text)
        guard let root = document.root else { throw YAMLError("the text is empty") }
        if let key = document.repeatedKeys.first {
            throw YAMLError("the key \"\(key.text)\" comes twice", at: key.place)
        }
        self = try YAMLTree.tree(root, merging)
    }

    private static func tree(_ node: YAMLNode, _ merging: Bool) throws(YAMLError) -> YAMLTree {
        switch node.content {
        case .scalar(let scalar): return .scalar(scalar)
        case .list(let nodes):
            var elements: [YAMLTree] = []
            for node in nodes { elements.append(try tree(node, merging)) }
            return .list(elements)
        case .map(let entries):
            var own: [Entry] = []
            var merged: [Entry] = []
            for entry in entries {
                let value = try tree(entry.value, merging)
                if merging, entry.key.text == "<<", entry.key.scalar.isPlain {
                    merged += try YAMLTree.entries(merging: value, at: entry.key.place)
                } else {
                    own.append(Entry(entry.key.text, value))
                }
            }
            var known = Set(own.map(\.key))
            return .map(own + merged.filter { known.insert($0.key).inserted })
        }
    }

    private static func entries(merging value: YAMLTree, at place: YAMLNode.Place) throws(YAMLError) -> [Entry] {
        switch value {
        case .map(let entries): return entries
        case .list(let maps):
            let merged = maps.compactMap(\.entries)
            if merged.count == maps.count { return merged.flatMap { $0 } }
        case .scalar: break
        }
        throw YAMLError("<< takes a map or a list of maps", at: place)
    }
}

extension YAMLTree {
    public subscript(key: String) -> YAMLTree? {
        if case .map(let entries) = self { entries.first { $0.key == key }?.value } else { nil }
    }

    public var entries: [Entry]? { if case .map(let entries) = self { entries } else { nil } }
    public var elements: [YAMLTree]? { if case .list(let elements) = self { elements } else { nil } }
    public var scalar: Scalar? { if case .scalar(let scalar) = self { scalar } else { nil } }

    /// Nothing was written, or a word for nothing (YAML 1.2, core schema).
    public var isNull: Bool { scalar?.isNull ?? false }
}

extension YAMLTree.Scalar {
    public var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }
}
