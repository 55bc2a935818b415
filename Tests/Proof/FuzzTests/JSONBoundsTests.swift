import JSON
import Testing

@Suite("A JSON document at its bounds")
struct JSONBoundsTests {
    @Test("is refused when two keys mean the same, however they are written")
    func sameKeys() throws {
        // json-c keeps the last value at the place of the first: the numbers would change places.
        for text in [#"{"a":"x","b":1,"\u0061":2}"#, #"{"a":"x","\u0061":"y"}"#, #"{"\u00e9":{},"é":{}}"#] {
            let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
            #expect(error?.reason.contains("comes twice") == true, "\(text)")
        }
        #expect(try JSON(parsing: #"{"a\\u0000":1}"#)[#"a\u0000"#] == 1)
        #expect(throws: JSONError.self) { try JSON(parsing: #"{"a\u0000":1}"#) }
    }

    @Test("may be as deep as the limit, and no deeper")
    func depth() throws {
        for depth in [1, 64] {
            #expect(throws: Never.self) { try JSON(parsing: nested(depth, "[", "]")) }
            #expect(throws: Never.self) { try JSON(parsing: nested(depth, #"{"a":"#, "}", core: "1")) }
        }
        for depth in [65, 1_000_000] {
            let error = #expect(throws: JSONError.self) { try JSON(parsing: nested(depth, "[", "]")) }
            #expect(error?.reason == "nested deeper than 64 levels")
            let text = "\(try #require(error))"
            #expect(text.utf8.count < 1000)
        }
    }

    @Test("may be as long as the limit, and no longer")
    func length() throws {
        let limits = JSONLimits(bytes: 1000)
        let text = "\"" + String(repeating: "x", count: 998) + "\""
        #expect(try JSON(parsing: text, limits: limits).string?.count == 998)
        let error = #expect(throws: JSONError.self) { try JSON(parsing: text + " ", limits: limits) }
        #expect(error?.reason == "longer than 1000 bytes")
    }

    @Test("may hold as many values as the limit, and no more")
    func values() throws {
        let limits = JSONLimits(values: 1000)
        // The list itself is one.
        let text = "[" + Array(repeating: "0", count: 999).joined(separator: ",") + "]"
        #expect(try JSON(parsing: text, limits: limits).array?.count == 999)
        let more = text.dropLast() + ",{}]"
        let error = #expect(throws: JSONError.self) { try JSON(parsing: String(more), limits: limits) }
        #expect(error?.reason == "more than 1000 values")
    }

    @Test("with very many keys is read in a time that grows with its length")
    func manyKeys() throws {
        let text = "{" + (0..<50_000).map { "\"key\($0)\":\($0)" }.joined(separator: ",") + "}"
        let json = try watched("many keys") { try JSON(parsing: text) }
        #expect(json["key49999"] == 49_999)
    }

    @Test(
        "is refused in few words, however long the part that is wrong",
        arguments: [
            String(repeating: "1.", count: 500_000), #"{"K":1,"K":2}"#.replacing("K", with: long),
            "{\"\(long)\":{\"\(long)\":[x]}}", "[\"" + long, long,
        ])
    func longErrors(_ text: String) throws {
        let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
        let words = "\(try #require(error))"
        #expect(words.utf8.count < 1000)
    }
}

private let long = String(repeating: "key", count: 100_000)

private func nested(_ depth: Int, _ open: String, _ close: String, core: String = "") -> String {
    String(repeating: open, count: depth) + core + String(repeating: close, count: depth)
}
