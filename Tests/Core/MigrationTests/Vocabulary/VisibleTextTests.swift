import Migration
import Testing

@Suite("What an outside system says, as it is shown")
struct VisibleTextTests {
    @Test(
        "has its controls as escapes, in one line",
        arguments: [
            ("plain text, ünïcode ✓ … 😀", "plain text, ünïcode ✓ … 😀"),
            ("a\u{1B}[2Jb", #"a\u001b[2Jb"#),
            ("a\nb\r\nc\td", #"a\nb\r\nc\td"#),
            ("a\u{9B}1Ab\u{7F}c\u{0}", #"a\u009b1Ab\u007fc\u0000"#),
            ("a\u{202E}b\u{2066}c\u{200F}d\u{061C}e\u{2028}f", #"a\u202eb\u2066c\u200fd\u061ce\u2028f"#),
            ("e\u{301}x", "e\u{301}x"),
        ])
    func escapes(text: String, shown: String) {
        #expect(text.visible == shown)
        #expect(Failure(text, at: text, details: [text], advice: text).details == [shown])
        #expect(Failure(text).summary == shown)
    }

    @Test("keeps lines and columns where they are rz's own")
    func lines() {
        #expect("a\n\tb\u{1B}c".visibleLines == "a\n\tb\\u001bc")
    }
}
