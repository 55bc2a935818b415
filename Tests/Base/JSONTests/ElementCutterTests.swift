import JSON
import Testing

@Suite("A large document read while it arrives")
struct ElementCutterTests {
    private static let document = """
        {"a": "x[,]}\\"", "list": [ {"n": 1, "in": [1, 2]}, [2] , "th,ree]" ],
         "outer": [{"id": "p", "list": [10, 11], "gone": {"big": [1, {"list": []}]}}, {"id": "q", "list": []}],
         "gone": [1, "]", {"x": "}"}], "end": 1.10}
        """

    private static func cutter(_ limits: JSONLimits = .default) -> ElementCutter {
        ElementCutter(
            elementsOf: ["/list", "/outer/*/list"], without: ["/gone", "/outer/*/gone", "/absent"], limits: limits)
    }

    @Test("gives the elements of the wanted arrays, and the document without them", arguments: 1...40)
    func pieces(size: Int) throws {
        var cutter = Self.cutter()
        var elements: [String] = []
        let bytes = Array(Self.document.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            for element in try cutter.take(Array(bytes[start..<min(start + size, bytes.count)])) {
                elements.append("\(element.array) \(try element.json())")
            }
        }
        #expect(
            elements == [
                #"/list {"n":1,"in":[1,2]}"#, "/list [2]", #"/list "th,ree]""#, "/outer/*/list 10", "/outer/*/list 11",
            ])
        #expect(
            try cutter.rest().compact
                == #"{"a":"x[,]}\"","list":[],"outer":[{"id":"p","list":[],"gone":null},{"id":"q","list":[]}],"#
                + #""gone":null,"end":1.10}"#)
    }

    @Test(
        "that is broken is refused when its rest is read",
        arguments: [#"{"list": [1, 2"#, #"{"list": [1}, "b": 2}"#, #"{"list" [1]}"#, "", #"{"list": [1], "a"}"#])
    func broken(text: String) throws {
        var cutter = Self.cutter()
        _ = try cutter.take(Array(text.utf8))
        #expect(throws: JSONError.self) { try cutter.rest() }
    }

    @Test("may be longer than the limit as long as no element and not the rest is")
    func limits() throws {
        let limits = JSONLimits(depth: 8, bytes: 64)
        var cutter = Self.cutter(limits)
        _ = try cutter.take(Array(#"{"list": ["#.utf8))
        for _ in 0..<100 { _ = try cutter.take(Array(#"{"some": "thing"}, "#.utf8)) }
        _ = try cutter.take(Array("1]}".utf8))
        #expect(try cutter.rest().compact == #"{"list":[]}"#)
        var long = Self.cutter(limits)
        #expect(throws: JSONError.self) { try long.take(Array(#"{"list": [""#.utf8) + Array(repeating: 97, count: 65)) }
        var deep = Self.cutter(limits)
        #expect(throws: JSONError.self) { try deep.take(Array(repeating: UInt8(ascii: "["), count: 9)) }
    }
}
