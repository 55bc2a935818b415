import CExpat

extension XMLElement {
    /// How deep elements may be nested, and how many there may be: the answers of an API have no more.
    static let deepest = 64
    static let most = 200_000

    /// Reads a whole document with expat.
    ///
    /// A document type is refused, and with it every entity that someone could define: nothing is expanded or fetched.
    ///
    /// - Throws: `XMLError` for what is no XML, has a document type, or is deeper or larger than an answer is.
    public init(parsing bytes: [UInt8]) throws(XMLError) {
        guard let parser = XML_ParserCreate(nil) else { throw XMLError("no memory to read it") }
        defer { XML_ParserFree(parser) }
        let reading = Reading(parser)
        XML_SetUserData(parser, Unmanaged.passUnretained(reading).toOpaque())
        XML_SetElementHandler(parser, beginElement, endElement)
        XML_SetCharacterDataHandler(parser, takeText)
        XML_SetStartDoctypeDeclHandler(parser, refuseDocumentType)
        guard let length = Int32(exactly: bytes.count) else { throw XMLError("it is too large") }
        let status = withExtendedLifetime(reading) {
            bytes.withUnsafeBytes { XML_Parse(parser, $0.baseAddress?.assumingMemoryBound(to: CChar.self), length, 1) }
        }
        if let problem = reading.problem { throw problem }
        guard status == XML_STATUS_OK, let root = reading.root else {
            let message = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) }
            throw XMLError(message ?? "not an XML document", line: Int(clamping: XML_GetCurrentLineNumber(parser)))
        }
        self = root
    }
}

/// What was read so far.
private final class Reading {
    private let parser: XML_Parser
    private var open: [XMLElement] = []
    private var count = 0
    private(set) var root: XMLElement?
    private(set) var problem: XMLError?

    init(_ parser: XML_Parser) { self.parser = parser }

    func begin(_ name: String) {
        count += 1
        guard open.count < XMLElement.deepest else {
            return stop("nested deeper than \(XMLElement.deepest) elements")
        }
        guard count <= XMLElement.most else { return stop("it has more than \(XMLElement.most) elements") }
        open.append(XMLElement(name: name))
    }

    func take(_ text: UnsafeBufferPointer<UInt8>) {
        guard !open.isEmpty else { return }
        open[open.count - 1].text += String(decoding: text, as: UTF8.self)
    }

    func end() {
        // After a stop expat still ends an empty element.
        guard problem == nil, var element = open.popLast() else { return }
        // Between elements stands nothing but spaces.
        if !element.children.isEmpty { element.text = "" }
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
    }

    func stop(_ message: String) {
        guard problem == nil else { return }
        problem = XMLError(message, line: Int(clamping: XML_GetCurrentLineNumber(parser)))
        _ = XML_StopParser(parser, XML_Bool(XML_FALSE))
    }

    static func of(_ context: UnsafeMutableRawPointer?) -> Reading? {
        context.map { Unmanaged<Reading>.fromOpaque($0).takeUnretainedValue() }
    }
}

private let beginElement: XML_StartElementHandler = { context, name, _ in
    guard let name else { return }
    // Without the prefix of a namespace: `aws:Error`.
    let whole = String(cString: name)
    Reading.of(context)?.begin(whole.lastIndex(of: ":").map { String(whole[whole.index(after: $0)...]) } ?? whole)
}

private let endElement: XML_EndElementHandler = { context, _ in Reading.of(context)?.end() }

private let takeText: XML_CharacterDataHandler = { context, text, length in
    guard let text, length > 0 else { return }
    text.withMemoryRebound(to: UInt8.self, capacity: Int(length)) {
        Reading.of(context)?.take(UnsafeBufferPointer(start: $0, count: Int(length)))
    }
}

private let refuseDocumentType: XML_StartDoctypeDeclHandler = { context, _, _, _, _ in
    Reading.of(context)?.stop("it has a document type (`<!DOCTYPE`), which no answer needs")
}
