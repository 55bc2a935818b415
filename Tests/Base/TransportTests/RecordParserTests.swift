import Testing
import Transport

@Suite("Records with their length")
struct RecordParserTests {
    @Test("are taken apart however the bytes arrive", arguments: 1...12)
    func pieces(size: Int) throws {
        var parser = RecordParser()
        let bytes = Array("5\nhello0\n11\n{\"a\":\n\"3\"}\n3\nend4\ncut".utf8)
        var records: [String] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            records += try parser.take(Array(bytes[start..<min(start + size, bytes.count)])).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        #expect(records == ["hello", "{\"a\":\n\"3\"}\n", "end"])
    }

    @Test(
        "are refused when there is no length, or too large a one", arguments: ["{}\n", "\n", "65\n", "12345678901\n"])
    func malformed(text: String) {
        var parser = RecordParser(maximum: 64)
        #expect(throws: RecordParser.Malformed.self) { try parser.take(Array(text.utf8)) }
    }
}
