import CSQLite

/// A value that is bound to a `?` of a statement, or held by a column.
enum Value: Hashable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case integer(Int)
    case text(String)
    case null

    init(integerLiteral value: Int) { self = .integer(value) }
    init(stringLiteral value: String) { self = .text(value) }

    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .integer(let number): sqlite3_bind_int64(statement, index, Int64(number))
        case .text(let text): rz_sqlite_bind_text(statement, index, text, Int32(text.utf8.count))
        case .null: sqlite3_bind_null(statement, index)
        }
    }
}

/// One row of an answer, its columns in the order of the SELECT.
struct Row {
    private let values: [Value]

    init(_ statement: OpaquePointer) {
        values = (0..<sqlite3_column_count(statement)).map { column in
            switch sqlite3_column_type(statement, column) {
            case SQLITE_NULL:
                return .null
            case SQLITE_INTEGER:
                return .integer(Int(sqlite3_column_int64(statement, column)))
            default:
                guard let start = sqlite3_column_text(statement, column) else { return .text("") }
                let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
                return .text(String(decoding: bytes, as: UTF8.self))
            }
        }
    }

    func integer(_ column: Int) -> Int? {
        if case .integer(let number) = values[column] { number } else { nil }
    }

    func text(_ column: Int) -> String? {
        if case .text(let text) = values[column] { text } else { nil }
    }
}
