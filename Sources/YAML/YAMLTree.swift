import Yams

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

    private static let largestText = 1 << 20
    private static let deepest = 40
    private static let mostNodes = 100_000

    /// Reads a document whose keys are texts.
    ///
    /// - Parameter merging: whether a plain key `<<` gives its map the entries of another one, or of several, the first
    ///   of which counts; what a map says itself counts before them. Source: yaml.org, "Merge Key Language-Independent
    ///   Type".
    /// - Throws: `YAMLError` with the line for what is no YAML, has a key twice, or is larger than a person writes.
    public init(yaml text: String, merging: Bool = false) throws(YAMLError) {
        guard text.utf8.count <= YAMLTree.largestText else {
            throw YAMLError(message: "longer than \(YAMLTree.largestText >> 20) MiB", line: nil)
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw YAMLError(error)
        } catch {
            throw YAMLError(message: "\(error)", line: nil)
        }
        guard let node else { throw YAMLError(message: "the text is empty", line: nil) }
        var nodesLeft = YAMLTree.mostNodes
        self = try YAMLTree.tree(node, merging, depth: 0, &nodesLeft)
    }

    private static func tree(
        _ node: Node, _ merging: Bool, depth: Int, _ nodesLeft: inout Int
    ) throws(YAMLError) -> YAMLTree {
        nodesLeft -= 1
        guard depth < deepest, nodesLeft > 0 else {
            throw YAMLError(message: "too many values, or nested too deep", line: node.mark?.line)
        }
        switch node {
        case .scalar(let scalar): return .scalar(Scalar(scalar))
        case .alias:
            throw YAMLError(message: "an alias that leads nowhere", line: node.mark?.line)
        case .sequence(let sequence):
            var elements: [YAMLTree] = []
            for element in sequence { elements.append(try tree(element, merging, depth: depth + 1, &nodesLeft)) }
            return .list(elements)
        case .mapping(let mapping):
            var own: [Entry] = []
            var merged: [Entry] = []
            for (key, inner) in mapping {
                guard let scalar = key.scalar else {
                    throw YAMLError(message: "a key that is no text", line: key.mark?.line)
                }
                let value = try tree(inner, merging, depth: depth + 1, &nodesLeft)
                if merging, scalar.string == "<<", Scalar(scalar).isPlain {
                    merged += try entries(merging: value, line: key.mark?.line)
                } else {
                    own.append(Entry(scalar.string, value))
                }
            }
            var known = Set(own.map(\.key))
            return .map(own + merged.filter { known.insert($0.key).inserted })
        }
    }

    private static func entries(merging value: YAMLTree, line: Int?) throws(YAMLError) -> [Entry] {
        switch value {
        case .map(let entries): return entries
        case .list(let maps):
            let merged = maps.compactMap(\.entries)
            if merged.count == maps.count { return merged.flatMap { $0 } }
        case .scalar: break
        }
        throw YAMLError(message: "<< takes a map or a list of maps", line: line)
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
    fileprivate init(_ scalar: Node.Scalar) {
        self.init(
            scalar.string, isPlain: (scalar.style == .plain || scalar.style == .any) && scalar.tag != Tag(.str))
    }

    public var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }
}
