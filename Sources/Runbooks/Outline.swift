import CYaml
import Yams

/// What a YAML file would unfold to, counted from its events before a single node of it is made.
///
/// Yams unfolds aliases while it looks for keys that come twice: a short file whose keys are aliases of aliases would
/// keep it busy for ever. It shows nodes only; the events are those of the libyaml inside it.
struct Outline {
    /// Lists and mappings inside each other.
    static let deepest = 40
    /// Single values, lists and mappings, an alias counted as all that it stands for.
    static let mostNodes = 100_000

    private static let tooDeep = "nested deeper than \(deepest) levels"

    private struct Level {
        var isMapping: Bool
        var nextIsKey: Bool
        var anchor: String?
        var nodesBefore: Int
    }

    private var levels: [Level] = []
    private var nodes = 0
    /// What an alias of each anchor stands for.
    private var sizes: [String: Int] = [:]

    /// The first thing that is beyond the limits, and where; nil too for what is no YAML at all, as Yams tells that best.
    static func problem(in text: String) -> (message: String, mark: Mark)? {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { return ("no memory to read it", Mark()) }
        defer { yaml_parser_delete(&parser) }
        return Array(text.utf8).withUnsafeBufferPointer { bytes in
            yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
            var outline = Outline()
            while true {
                var event = yaml_event_t()
                guard yaml_parser_parse(&parser, &event) == 1 else {
                    // It looks ahead, and has a limit of its own.
                    let isTooDeep = parser.problem.map { String(cString: $0).hasPrefix("Maximum nesting level") }
                    return isTooDeep == true ? (tooDeep, Mark(line: parser.problem_mark.line + 1)) : nil
                }
                defer { yaml_event_delete(&event) }
                if event.type == YAML_STREAM_END_EVENT { return nil }
                if let message = outline.take(event) {
                    return (message, Mark(line: event.start_mark.line + 1, column: event.start_mark.column + 1))
                }
            }
        }
    }

    private mutating func take(_ event: yaml_event_t) -> String? {
        switch event.type {
        case YAML_SCALAR_EVENT:
            _ = isKey()
            return add(1, as: text(event.data.scalar.anchor))
        case YAML_ALIAS_EVENT:
            if isKey() { return "a key is a text" }
            return add(text(event.data.alias.anchor).flatMap { sizes[$0] } ?? 1, as: nil)
        case YAML_SEQUENCE_START_EVENT:
            return open(isMapping: false, text(event.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT:
            return open(isMapping: true, text(event.data.mapping_start.anchor))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
            if let level = levels.popLast(), let anchor = level.anchor { sizes[anchor] = nodes - level.nodesBefore }
            return nil
        default:
            return nil
        }
    }

    private mutating func open(isMapping: Bool, _ anchor: String?) -> String? {
        if isKey() { return "a key is a text" }
        guard levels.count < Outline.deepest else { return Outline.tooDeep }
        levels.append(Level(isMapping: isMapping, nextIsKey: isMapping, anchor: anchor, nodesBefore: nodes))
        return add(1, as: nil)
    }

    private mutating func add(_ count: Int, as anchor: String?) -> String? {
        nodes += count
        if let anchor { sizes[anchor] = count }
        return nodes > Outline.mostNodes ? "more than \(Outline.mostNodes) values, aliases included" : nil
    }

    /// Whether the node that comes now is a key; the next one then is its value.
    private mutating func isKey() -> Bool {
        guard let level = levels.last, level.isMapping else { return false }
        levels[levels.count - 1].nextIsKey.toggle()
        return level.nextIsKey
    }

    private func text(_ name: UnsafeMutablePointer<yaml_char_t>?) -> String? { name.map { String(cString: $0) } }
}
