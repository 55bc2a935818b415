import Foundation
import Migration
import Testing

@Suite("Secrets")
struct SecretsTests {
    @Test(
        "are masked wherever they stand",
        arguments: [
            (["hunter2!"], "pw=hunter2!, again hunter2!", "pw=•••, again •••"),
            (["hunter2!"], "nothing here", "nothing here"),
            (["abc"], "abc is too short to be masked", "abc is too short to be masked"),
            (["pass", "password"], "password and pass", "••• and •••"),
            (["abcdef", "defghi"], "x abcdefghi y", "x ••• y"),
            (["defghi", "abcdef"], "abcdefabcdef", "•••"),
            (["abab"], "xabababx", "x•••x"),
            (["geheim-ä€"], "das geheim-ä€ Wort", "das ••• Wort"),
        ])
    func masked(secrets: [String], text: String, expected: String) {
        #expect(redact(text, secrets) == expected)
    }

    @Test("are masked in the forms that they take inside JSON")
    func inJSON() {
        #expect(redact(#"{"a":"p\"w\\1\/2\nx"}"#, ["p\"w\\1/2\nx"]) == #"{"a":"•••"}"#)
        #expect(redact(#"{"a":"p\"w\\1/2\nx"}"#, ["p\"w\\1/2\nx"]) == #"{"a":"•••"}"#)
        #expect(redact(#"{"a":"b\u0001c\u001fd\b\f"}"#, ["b\u{1}c\u{1F}d\u{8}\u{C}"]) == #"{"a":"•••"}"#)
        #expect(redact(#"{"a":"gr\u00fcn\u20ac-x"}"#, ["grün€-x"]) == #"{"a":"•••"}"#)
    }

    @Test("are masked in the forms that they take inside URLs")
    func inURL() {
        #expect(redact("http://h/?t=a%2Fb%20c%3D%C3%A4", ["a/b c=ä"]) == "http://h/?t=•••")
        #expect(redact("http://h/?t=a%2fb%20c%3d%c3%a4", ["a/b c=ä"]) == "http://h/?t=•••")
        #expect(redact("t=a%2Fb+c%3D%C3%A4", ["a/b c=ä"]) == "t=•••")
    }

    @Test("are masked where only a part of their characters is escaped, and in encodings inside each other")
    func partly() {
        #expect(redact("http://h/?t=a/b%20c=%C3%A4", ["a/b c=ä"]) == "http://h/?t=•••")
        #expect(redact("t=%70%61ssword&x", ["password"]) == "t=•••&x")
        #expect(redact(#"{"a":"{\"b\":\"p\\\"w12\"}"}"#, ["p\"w12"]) == #"{"a":"{\"b\":\"•••\"}"}"#)
        #expect(redact(#"{"a":"t=p%22w12\u0020"}"#, ["p\"w12 "]) == #"{"a":"t=•••"}"#)
    }

    @Test("are masked in the forms that they take inside HTML, and in the quotes of programs")
    func quoted() {
        #expect(redact("<b>p&amp;w&lt;&quot;&#39;1&#x22;</b>", ["p&w<\"'1\""]) == "<b>•••</b>")
        #expect(redact(#"msg='it\'s \xc3\xa4'"#, ["it's ä"]) == "msg='•••'")
        #expect(redact(#"x \U0001f511key y"#, ["🔑key"]) == "x ••• y")
        #expect(redact(#"x \ud83d\udd11key y"#, ["🔑key"]) == "x ••• y")
    }

    @Test("are masked in base64 wherever they begin in it, with all of the base64 around them")
    func base64() {
        for user in ["", "u", "us", "user:", "operator:"] {
            for (secret, rest) in [("hunter2!", ""), ("pa?s>~ÿ", ":more")] {
                let encoded = Data((user + secret + rest).utf8).base64EncodedString()
                #expect(redact("Basic \(encoded), again", [secret]) == "Basic •••, again", "\(user)\(secret)")
                let forURL = encoded.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
                #expect(redact("t=\(forURL)&x", [secret]) == "t=•••&x", "\(user)\(secret)")
            }
        }
        #expect(redact("Basic \(Data("nobody:nothing".utf8).base64EncodedString())", ["hunter2!"]).count > 20)
    }

    @Test("are masked in hexadecimal")
    func hexadecimal() {
        #expect(redact("0x68756e74657232 and 68756E74657232", ["hunter2"]) == "0x••• and •••")
    }

    @Test("are masked where a text was cut inside of one")
    func cut() {
        #expect(redact("it is hunt…", ["hunter2!"]) == "it is •••…")
        #expect(redact("it is hun…", ["hunter2!"]) == "it is hun…")
        #expect(redact("…ter2! is it", ["hunter2!"]) == "…••• is it")
        #expect(redact(#"{"a":"p\"w1…"#, ["p\"w12345"]) == #"{"a":"•••…"#)
        let long = Failure.shortened(String(repeating: "x", count: 990) + "hunter2!hunter2!")
        #expect(!redact(long, ["hunter2!hunter2!"]).contains("hunt"))
    }

    @Test("are masked where they were wrapped, or lost their line ends")
    func wrapped() {
        #expect(redact("it is correct horse\n   battery staple.", ["correct horse battery staple"]) == "it is •••.")
        #expect(redact("it is a 1 b 2 c 3", ["a 1\nb 2\nc 3"]) == "it is •••")
    }

    @Test("of several lines are masked line by line too")
    func lines() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
        #expect(redact("  MIIEvQIBADANBgkq\n  hkiG9w0BAQEFAASC", [key]) == "  •••\n  •••")
        #expect(redact(key, [key]) == "•••")
    }

    @Test("never leave a part of one behind, however they overlap")
    func overlaps() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<3000 {
            let secrets = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                String(
                    (0..<Int.random(in: 4...6, using: &generator)).map { _ in "ab".randomElement(using: &generator)! })
            }
            let text = String((0..<16).map { _ in "abc".randomElement(using: &generator)! })
            let redacted = redact(text, secrets)
            for secret in secrets where redacted.contains(secret) {
                Issue.record("“\(secret)” is left in “\(redacted)”")
            }
            // What is left of the text was covered by no secret.
            let rest = redacted.split(separator: "•").joined().count
            let covered = Set(
                secrets.flatMap { secret in
                    (0...(text.count - secret.count)).filter { text.dropFirst($0).hasPrefix(secret) }
                        .flatMap { $0..<$0 + secret.count }
                })
            #expect(rest == text.count - covered.count, "\(text) with \(secrets) became \(redacted)")
        }
    }

    private func redact(_ text: String, _ secrets: [String]) -> String {
        var known = Secrets()
        for secret in secrets { known.insert(secret) }
        return known.redact(text)
    }
}
