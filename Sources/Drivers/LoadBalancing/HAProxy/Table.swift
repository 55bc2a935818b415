/// A column of an answer.
struct Column {
    let name: String
    /// -1 for one that is not there.
    let place: Int

    static let first = Column(name: "", place: 0)
}

/// The columns of an answer, by the names in its head: each version of HAProxy adds some.
struct Columns {
    private let places: [String: Int]

    /// Of two with the same name the first one counts.
    init(_ names: [String]) {
        places = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(_ name: String) -> Column { Column(name: name, place: places[name] ?? -1) }
}

/// One line of an answer, in place: of tens of columns a few are read, of each of thousands of servers.
struct Row {
    let bytes: [UInt8]
    private(set) var cells: [Range<Int>] = []
    /// Where the next line begins.
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Nil for what is not there.
    func cell(_ column: Column) -> ArraySlice<UInt8>? {
        cells.indices.contains(column.place) ? bytes[cells[column.place]] : nil
    }

    func text(_ column: Column) -> String? { cell(column).map { String(decoding: $0, as: UTF8.self) } }

    /// Nil for what is no decimal number.
    func number(_ column: Column) -> Int? { cell(column).flatMap(Row.number) }

    static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var number = 0
        let isNegative = digits.first == 45
        let digits = isNegative ? digits.dropFirst() : digits
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        for digit in digits {
            guard (48...57).contains(digit) else { return nil }
            number = number * 10 + Int(digit - 48)
        }
        return isNegative ? -number : number
    }

    // MARK: - Lines of words

    /// Moves to the next line that is not empty; false behind the last one. Empty cells are none.
    mutating func readWords() -> Bool {
        cells.removeAll(keepingCapacity: true)
        while place < bytes.count, bytes[place] == 10 { place += 1 }
        guard place < bytes.count else { return false }
        var start = place
        while place < bytes.count, bytes[place] != 10 {
            if bytes[place] == 32 {
                if start < place { cells.append(start..<place) }
                start = place + 1
            }
            place += 1
        }
        if start < place { cells.append(start..<place) }
        return true
    }

    // MARK: - CSV (RFC 4180): quoted cells may hold commas, newlines and doubled quotes

    /// Moves to the next line; false where none ends any more.
    mutating func readValues() throws(MalformedReply) -> Bool {
        cells.removeAll(keepingCapacity: true)
        var start = place
        var isQuoted = false
        while place < bytes.count {
            let byte = bytes[place]
            if byte == 34 {
                isQuoted.toggle()
            } else if !isQuoted, byte == 44 || byte == 10 {
                cells.append(start..<place)
                guard cells.count <= Row.mostColumns else {
                    throw MalformedReply("a line has more than \(Row.mostColumns) columns")
                }
                start = place + 1
                if byte == 10 {
                    place += 1
                    return true
                }
            }
            place += 1
        }
        return false
    }

    /// HAProxy 3.2 has 208 columns.
    private static let mostColumns = 1000

    /// A cell without its quotes; nil for an empty one.
    func value(_ column: Column) -> String? {
        guard let cell = unquoted(column), !cell.isEmpty else { return nil }
        return String(decoding: cell, as: UTF8.self)
    }

    func unquoted(_ column: Column) -> ArraySlice<UInt8>? {
        guard let cell = cell(column) else { return nil }
        guard cell.contains(34) else { return cell }
        var plain: ArraySlice<UInt8> = []
        var isQuoted = false
        var lastWasQuote = false
        for byte in cell {
            if byte == 34 {
                // Inside quotes a doubled quote stands for one: the second one opens again what the first one closed.
                if !isQuoted, lastWasQuote { plain.append(34) }
                lastWasQuote = isQuoted
                isQuoted.toggle()
            } else {
                plain.append(byte)
                lastWasQuote = false
            }
        }
        return plain
    }
}
