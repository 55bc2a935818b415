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
