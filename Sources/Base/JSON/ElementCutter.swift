/// Cuts the elements of some arrays out of a document while it arrives, so that a large one never stands in memory as
/// a whole.
///
///     var cutter = ElementCutter(elementsOf: ["/frameworks/*/tasks"], without: ["/completed_frameworks"])
///     for try await bytes in body { for task in try cutter.take(bytes) { … } }
///     let document = try cutter.rest()
///
/// Elements come as they are written and are checked by whoever reads them; what is left of the document is checked
/// by `rest`.
public struct ElementCutter {
    /// One element, and the path of its array as it was asked for.
    public struct Element: Sendable, Hashable {
        public var array: String
        public var text: [UInt8]

        /// - Throws: `JSONError`, its lines and columns counted from the start of the element.
        public func json() throws(JSONError) -> JSON { try JSON(parsing: text) }
    }

    private struct Container {
        let isObject: Bool
        /// The name of the member that is being read.
        var name: [UInt8] = []
        var expectsName: Bool
        /// The array's path, if its elements are wanted.
        var wanted: String?
    }

    private struct Path {
        let text: String
        /// One name a level; nil stands for any element of an array.
        let levels: [[UInt8]?]

        init(_ text: String) {
            self.text = text
            levels = text.split(separator: "/").map { $0 == "*" ? nil : Array($0.utf8) }
        }
    }

    private let wanted: [Path]
    private let unwanted: [Path]
    private let limits: JSONLimits
    private var containers: [Container] = []
    private var skeleton: [UInt8] = []
    private var element: [UInt8] = []
    /// The level of the array whose elements are being cut out, or of the object with the member that is left out.
    private var cutLevel: Int?
    private var dropLevel: Int?
    private var isInString = false
    private var isEscaped = false
    private var isName = false

    /// - Parameters:
    ///   - elementsOf: paths of arrays; `*` stands for any element of an array on the way.
    ///   - without: paths of members that no one needs: they become `null`.
    ///   - limits: for a single element, and for what is left of the document.
    public init(elementsOf wanted: [String], without unwanted: [String] = [], limits: JSONLimits = .default) {
        self.wanted = wanted.map { Path($0) }
        self.unwanted = unwanted.map { Path($0) }
        self.limits = limits
    }

    /// Takes the next bytes of the document, and gives the elements that they complete.
    public mutating func take(_ bytes: [UInt8]) throws(JSONError) -> [Element] {
        var elements: [Element] = []
        for byte in bytes {
            if isInString { string(byte) } else { try structure(byte, &elements) }
        }
        guard element.count <= limits.bytes, skeleton.count <= limits.bytes else {
            throw JSONError(reason: "longer than \(limits.bytes) bytes", line: 1, column: 1, path: "")
        }
        return elements
    }

    /// The document, the arrays that were cut out empty.
    public func rest() throws(JSONError) -> JSON { try JSON(parsing: skeleton, limits: limits) }

    private mutating func string(_ byte: UInt8) {
        keep(byte)
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
            return
        }
        if isName { containers[containers.count - 1].name.append(byte) }
    }

    private mutating func structure(_ byte: UInt8, _ elements: inout [Element]) throws(JSONError) {
        switch byte {
        case UInt8(ascii: "\""):
            isInString = true
            isName = containers.last?.expectsName == true
            if isName { containers[containers.count - 1].name = [] }
            keep(byte)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            keep(byte)
            try open(isObject: byte == UInt8(ascii: "{"))
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            endValue(&elements)
            if cutLevel == containers.count { cutLevel = nil }
            _ = containers.popLast()
            keep(byte)
        case UInt8(ascii: ","):
            if cutLevel == containers.count {
                endValue(&elements)
            } else {
                endValue(&elements)
                keep(byte)
            }
            if containers.last?.isObject == true { containers[containers.count - 1].expectsName = true }
        case UInt8(ascii: ":"):
            keep(byte)
            if !containers.isEmpty { containers[containers.count - 1].expectsName = false }
            if cutLevel == nil, dropLevel == nil, match(unwanted) != nil {
                skeleton += Array("null".utf8)
                dropLevel = containers.count
            }
        default:
            keep(byte)
        }
    }

    private mutating func open(isObject: Bool) throws(JSONError) {
        guard containers.count < limits.depth else {
            throw JSONError(reason: "nested deeper than \(limits.depth) levels", line: 1, column: 1, path: "")
        }
        let path = isObject || cutLevel != nil || dropLevel != nil ? nil : match(wanted)
        containers.append(Container(isObject: isObject, expectsName: isObject, wanted: path))
        if path != nil { cutLevel = containers.count }
    }

    /// Ends the element, or the member left out, that was being read in the innermost container.
    private mutating func endValue(_ elements: inout [Element]) {
        if dropLevel == containers.count { dropLevel = nil }
        guard cutLevel == containers.count, let array = containers.last?.wanted else { return }
        let isBlank = element.allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        if !isBlank { elements.append(Element(array: array, text: element)) }
        element.removeAll(keepingCapacity: true)
    }

    private mutating func keep(_ byte: UInt8) {
        guard dropLevel == nil else { return }
        if cutLevel == nil { skeleton.append(byte) } else { element.append(byte) }
    }

    /// The path that leads to the value that comes next.
    private func match(_ paths: [Path]) -> String? {
        paths.first { path in
            path.levels.count == containers.count
                && zip(path.levels, containers).allSatisfy { level, container in
                    container.isObject ? level == container.name : level == nil
                }
        }?.text
    }
}
