import CJSONC

extension JSON {
    /// Reads one document.
    ///
    /// - Throws: `JSONError` with line, column and path: for anything RFC 8259 does not allow, and for keys that come
    ///   twice, lone surrogates, and documents beyond the limits.
    public init(parsing text: String, limits: JSONLimits = .default) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }

    /// Reads one document from UTF-8 bytes.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        var scanner = Scanner(bytes, limits: limits)
        if String(validating: bytes, as: UTF8.self) == nil { throw scanner.error("not valid UTF-8") }
        try scanner.scan()
        var numbers = NumberTexts(scanner.numbers)
        self = try withTree(bytes, limits) { JSON($0, &numbers) }
        guard numbers.isEmpty else {
            // Keys that look different and mean the same, as "a" and "\u0061": json-c kept only the last.
            throw Scanner(bytes, limits: limits).error("two keys of one object are the same")
        }
    }

    private init(_ object: OpaquePointer?, _ numbers: inout NumberTexts) {
        switch json_object_get_type(object) {
        case json_type_boolean:
            self = .bool(json_object_get_boolean(object) != 0)
        case json_type_int, json_type_double:
            self = .number(JSONNumber(unchecked: numbers.next()))
        case json_type_string:
            let length = Int(json_object_get_string_len(object))
            let characters = UnsafeRawBufferPointer(start: json_object_get_string(object), count: length)
            self = .string(String(decoding: characters, as: UTF8.self))
        case json_type_array:
            self = .array(
                (0..<json_object_array_length(object)).map { JSON(json_object_array_get_idx(object, $0), &numbers) })
        case json_type_object:
            var members = JSONObject()
            var entry = rz_json_first_member(object)
            while let present = entry {
                members[String(cString: rz_json_member_name(present))] = JSON(rz_json_member_value(present), &numbers)
                entry = rz_json_next_member(present)
            }
            self = .object(members)
        default:
            self = .null
        }
    }
}

/// Lends json-c's tree of a document, which lives as long as the call.
private func withTree<Result>(
    _ bytes: [UInt8], _ limits: JSONLimits, _ use: (OpaquePointer?) -> Result
) throws(JSONError) -> Result {
    // json-c counts the level of a scalar too.
    guard let tokener = json_tokener_new_ex(Int32(limits.depth + 1)) else {
        throw JSONError(reason: "no memory to read it", line: 1, column: 1, path: "")
    }
    defer { json_tokener_free(tokener) }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT)
    // The closing zero ends a number at the end of the text, which json-c would otherwise wait to go on.
    let tree = (bytes + [0]).withUnsafeBufferPointer { buffer in
        buffer.withMemoryRebound(to: CChar.self) { characters in
            json_tokener_parse_ex(tokener, characters.baseAddress, Int32(clamping: buffer.count))
        }
    }
    defer { json_object_put(tree) }
    let outcome = json_tokener_get_error(tokener)
    guard outcome == json_tokener_success else {
        let end = min(Int(json_tokener_get_parse_end(tokener)), bytes.count)
        var scanner = Scanner(bytes, limits: limits)
        try scanner.scan(to: end)
        let isCutOff = outcome == json_tokener_continue || end >= bytes.count
        throw scanner.error(
            isCutOff ? "the document ends too early" : String(cString: json_tokener_error_desc(outcome)), at: end)
    }
    return use(tree)
}

/// The number texts of a document, taken in order.
private struct NumberTexts {
    private var texts: [String]
    private var position = 0

    init(_ texts: [String]) { self.texts = texts }

    var isEmpty: Bool { position == texts.count }

    mutating func next() -> String {
        guard position < texts.count else { return "0" }
        defer { position += 1 }
        return texts[position]
    }
}
