import CYAML

/// The events of a text, as libyaml reads them (yaml.h; https://pyyaml.org/wiki/LibYAML).
final class Events {
    struct Event {
        enum Kind: Equatable {
            case start, documentStart, documentEnd, streamEnd
            case scalar(YAMLTree.Scalar, anchor: String?)
            case alias(String)
            case listStart(anchor: String?)
            case listEnd
            case mapStart(anchor: String?)
            case mapEnd

            var isCollection: Bool {
                switch self {
                case .listStart, .mapStart: true
                default: false
                }
            }
        }

        let kind: Kind
        let place: YAMLNode.Place
    }

    static let tooDeep = "nested deeper than \(YAMLDocument.deepest) levels"

    /// libyaml keeps its address.
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let bytes: UnsafeBufferPointer<UInt8>

    /// - Parameter bytes: UTF-8, which outlive the events.
    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(YAMLError) {
        self.bytes = bytes
        parser.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(parser) == 1 else { throw YAMLError("no memory to read it") }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// - Throws: `YAMLError` for what is no YAML.
    func next() throws(YAMLError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem }
        defer { yaml_event_delete(&event) }
        return Event(kind: kind(event), place: place(event.start_mark))
    }

    private func kind(_ event: yaml_event_t) -> Event.Kind {
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE && self.text(scalar.tag) != YAML_STR_TAG
            return .scalar(YAMLTree.Scalar(text, isPlain: isPlain), anchor: self.text(scalar.anchor))
        case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT: return .listStart(anchor: text(event.data.sequence_start.anchor))
        case YAML_SEQUENCE_END_EVENT: return .listEnd
        case YAML_MAPPING_START_EVENT: return .mapStart(anchor: text(event.data.mapping_start.anchor))
        case YAML_MAPPING_END_EVENT: return .mapEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_STREAM_START_EVENT: return .start
        default: return .streamEnd
        }
    }

    private var problem: YAMLError {
        let message = parser.pointee.problem.map { String(cString: $0) } ?? "no memory to read it"
        // It looks ahead, and has a limit of its own.
        if message.hasPrefix("Maximum nesting level") {
            return YAMLError(Events.tooDeep, at: place(parser.pointee.problem_mark))
        }
        // Bytes that are no text: of these libyaml knows no line.
        if parser.pointee.error == YAML_READER_ERROR {
            return YAMLError(message, at: place(ofByte: parser.pointee.problem_offset), isSyntax: true)
        }
        return YAMLError(
            message, context: parser.pointee.context.map { String(cString: $0) },
            at: place(parser.pointee.problem_mark), isSyntax: true)
    }

    private func place(_ mark: yaml_mark_t) -> YAMLNode.Place {
        YAMLNode.Place(line: mark.line + 1, column: mark.column + 1)
    }

    private func place(ofByte offset: Int) -> YAMLNode.Place {
        let before = String(decoding: bytes.prefix(offset), as: UTF8.self).unicodeScalars
        return YAMLNode.Place(
            line: before.count { $0 == "\n" } + 1, column: before.reversed().prefix { $0 != "\n" }.count + 1)
    }

    private func text(_ name: UnsafeMutablePointer<yaml_char_t>?) -> String? { name.map { String(cString: $0) } }
}
