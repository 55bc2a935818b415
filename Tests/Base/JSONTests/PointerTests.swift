import JSON
import Testing

@Suite("A JSON pointer")
struct PointerTests {
    /// The document of RFC 6901, section 5, and what its pointers lead to.
    @Test(
        "leads where the RFC says",
        arguments: [
            ("/foo/0", "bar"), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"), ("/e^f", "3"), ("/g|h", "4"),
            ("/i\\j", "5"), ("/k\"l", "6"), ("/ ", "7"), ("/m~0n", "8"),
        ])
    func standard(pointer: String, text: String) throws {
        let document = try JSON(
            parsing: #"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#)
        #expect(document.value(at: pointer)?.plainText == text)
        #expect(document.value(at: "") == document)
    }

    @Test(
        "leads nowhere past the end, with a number that is none, and without its slash",
        arguments: [
            "/foo/2", "/foo/-", "/foo/00", "/foo/+0", "/foo/0/x", "/bar", "foo", "/foo/",
        ])
    func nowhere(pointer: String) throws {
        let document = try JSON(parsing: #"{"foo":["bar","baz"]}"#)
        #expect(document.value(at: pointer) == nil)
    }
}
