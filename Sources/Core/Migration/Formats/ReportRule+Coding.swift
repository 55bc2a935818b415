/// Where a report comes from, on the wire.
extension ReportRule.Origin: Codable {
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .file(let path): try Tagged("file", ["path": path]).encode(to: encoder)
        case .program(let command, let file):
            try Tagged("program", ["command": command, "writes": file]).encode(to: encoder)
        }
    }

    public init(from decoder: any Decoder) throws {
        let read = try TaggedFields(from: decoder)
        switch read.type {
        case "file": self = .file(try read("path"))
        case "program": self = .program(try read("command"), writes: try read.optional("writes"))
        default: throw read.unknown("report")
        }
    }
}
