import JSON

/// The JSON type a field must have, in the terms of Marathon's RAML types.
indirect enum Shape: Sendable {
    case any
    case string(minimumLength: Int = 0)
    case enumeration([String])
    case number(minimum: Double = -.infinity, maximum: Double = .infinity)
    case integer(_ range: ClosedRange<Int>)
    case boolean
    /// The second shape for objects, the first for everything else.
    case either(Shape, Shape)
    case array(Shape, minimumCount: Int = 0)
    /// Lower-case letters, digits and inner dashes; a name of a container, an endpoint or a volume (at most 63).
    case name
    /// As `name`, of any length; the name of an app's port.
    case legacyName
    case map(Shape)
    /// Known fields and, of those, the required ones; unknown fields pass.
    case object([String: Shape], required: [String] = [])

    /// Throws what Marathon's JSON reader reports for a document of another shape.
    func check(_ json: JSON, at path: String = "") throws(MarathonError) {
        var wrongTypes: [MarathonError.Violation] = []
        var outOfBounds: [MarathonError.Violation] = []
        collect(json, path, &wrongTypes, &outOfBounds)
        guard wrongTypes.isEmpty, outOfBounds.isEmpty else {
            throw .invalidJSON(wrongTypes + outOfBounds, onlyBounds: wrongTypes.isEmpty)
        }
    }

    private func collect(
        _ json: JSON, _ path: String,
        _ wrongTypes: inout [MarathonError.Violation], _ outOfBounds: inout [MarathonError.Violation]
    ) {
        func wrongType(_ message: String) {
            wrongTypes.append(.init(path: path.isEmpty ? "/" : path, message: message))
        }
        func bound(_ message: String) {
            outOfBounds.append(.init(path: path.isEmpty ? "/" : path, message: message))
        }
        switch self {
        case .any:
            break
        case .string(let minimumLength):
            guard let text = json.string else { return wrongType("error.expected.jsstring") }
            if text.count < minimumLength { bound("error.minLength") }
        case .enumeration(let literals):
            guard let text = json.string else { return wrongType("error.expected.jsstring") }
            if !literals.contains(where: { $0.lowercased() == text.lowercased() }) {
                wrongType("error.unknown.enum.literal")
            }
        case .number(let minimum, let maximum):
            guard let value = json.double else { return wrongType("error.expected.jsnumber") }
            if value < minimum { bound("error.min") }
            if value > maximum { bound("error.max") }
        case .integer(let range):
            guard json.double != nil else { return wrongType("error.expected.jsnumber") }
            guard let value = json.int else { return wrongType("error.expected.int") }
            if value < range.lowerBound { bound("error.min") }
            if value > range.upperBound { bound("error.max") }
        case .either(let scalar, let object):
            (json.object == nil ? scalar : object).collect(json, path, &wrongTypes, &outOfBounds)
        case .boolean:
            if json.bool == nil { wrongType("error.expected.jsboolean") }
        case .name, .legacyName:
            guard let text = json.string else { return wrongType("error.expected.jsstring") }
            if text.isEmpty { bound("error.minLength") }
            if case .name = self, text.count > 63 { bound("error.maxLength") }
            if !Self.isName(text) { bound("error.pattern") }
        case .array(let element, let minimumCount):
            guard let elements = json.array else { return wrongType("error.expected.jsarray") }
            if elements.count < minimumCount { bound("error.minLength") }
            for (index, value) in elements.enumerated() {
                element.collect(value, "\(path)(\(index))", &wrongTypes, &outOfBounds)
            }
        case .map(let element):
            guard let object = json.object else { return wrongType("error.expected.jsobject") }
            for (key, value) in object { element.collect(value, "\(path)/\(key)", &wrongTypes, &outOfBounds) }
        case .object(let fields, let required):
            guard let object = json.object else { return wrongType("error.expected.jsobject") }
            for (key, value) in object {
                fields[key]?.collect(value, "\(path)/\(key)", &wrongTypes, &outOfBounds)
            }
            for key in required where object[key] == nil {
                wrongTypes.append(.init(path: "\(path)/\(key)", message: "error.path.missing"))
            }
        }
    }

    private static func isName(_ text: String) -> Bool {
        let isInner = { (byte: UInt8) in (97...122).contains(byte) || (48...57).contains(byte) || byte == 45 }
        return text.utf8.allSatisfy(isInner) && text.first != "-" && text.last != "-"
    }
}
