import Testing

@testable import XML

@Suite("XML")
struct XMLTests {
    private func parse(_ text: String) throws(XMLError) -> XMLElement { try XMLElement(parsing: Array(text.utf8)) }

    @Test("is read as elements with their text, whatever namespace they are of")
    func elements() throws {
        let root = try parse(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <a:Answer xmlns:a="http://example.org/">
              <Rules><member><Priority>10</Priority></member><member><Priority>default</Priority></member></Rules>
              <Empty/><Text>5 &lt; 6 &amp; &#228; <![CDATA[<x>]]></Text>
            </a:Answer>
            """)
        #expect(root.name == "Answer")
        #expect(root.text == "")
        #expect(root.members("Rules").map { $0["Priority"]?.text } == ["10", "default"])
        #expect(root["Empty"] == XMLElement(name: "Empty"))
        #expect(root["Text"]?.text == "5 < 6 & ä <x>")
        #expect(root["None"] == nil)
        #expect(root.members("None").isEmpty)
    }

    @Test(
        "that is none is an error with its line",
        arguments: [
            ("", "line 1: no element found"), ("{}", "line 1: not well-formed (invalid token)"),
            ("<a>\n<b></a>", "line 2: mismatched tag"), ("<a/><b/>", "line 1: junk after document element"),
            ("<a>&x;</a>", "line 1: undefined entity"),
            ("<a>\u{FF}\u{0}</a>", "line 1: not well-formed (invalid token)"),
            ("<!DOCTYPE html><html/>", "line 1: it has a document type (`<!DOCTYPE`), which no answer needs"),
        ])
    func errors(text: String, error: String) {
        let thrown = #expect(throws: XMLError.self) { try parse(text) }
        #expect(thrown?.description == error)
    }

    @Test("that defines entities is never expanded")
    func entities() {
        let text =
            "<!DOCTYPE a [<!ENTITY x \"xxxxxxxxxx\"><!ENTITY y \"&x;&x;&x;&x;\">]><a>&y;&y;&y;</a>"
        #expect(throws: XMLError.self) { try parse(text) }
    }

    @Test("may be nested so deep, and have so many elements, as an answer has")
    func limits() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(try parse(nested(XMLElement.deepest)).name == "a")
        let deep = #expect(throws: XMLError.self) { try parse(nested(XMLElement.deepest + 1)) }
        #expect(deep?.message == "nested deeper than 64 elements")
        let wide = "<a>" + String(repeating: "<b/>", count: XMLElement.most - 1) + "</a>"
        #expect(try parse(wide).children.count == XMLElement.most - 1)
        #expect(throws: XMLError.self) { try parse("<a>" + wide + "</a>") }
    }
}
