import Foundation
import Migration
import Testing

@testable import Runbooks

@Suite("A YAML file at its bounds")
struct YAMLBoundsTests {
    @Test("with aliases of aliases is refused, not unfolded")
    func aliases() throws {
        // A billion laughs, as values and as keys.
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        for use in ["name: *a9\n", "? *a9\n: x\n", "name: { ? *a9 : x, ? *a9 : y }\n"] {
            let found = try complaints(text + use)
            #expect(found == ["more than 100000 values, aliases included"], "\(use)")
        }
    }

    @Test("is refused when it is nested too deep, in every way of nesting")
    func depth() throws {
        for text in [
            String(repeating: "[", count: 900) + String(repeating: "]", count: 900),
            "x: " + String(repeating: "{a: ", count: 900) + String(repeating: "}", count: 900),
            String(repeating: "- ", count: 900) + "x", String(repeating: "? ", count: 900) + "x",
            String(repeating: "[", count: 500_000), String(repeating: "- ", count: 500_000) + "x",
            (0..<900).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
        ] {
            let found = try complaints(text)
            let expected = text.hasPrefix("?") ? "a key is a text" : "nested deeper than 40 levels"
            #expect(found == [expected], "\(text.prefix(20))")
        }
    }

    @Test("may be as long as the limit, and no longer")
    func length() throws {
        let line = "# " + String(repeating: "x", count: 97) + "\n"
        let most = String(repeating: line, count: (1 << 20) / 100)
        let atLimit = try complaints(most + "name: x\n")
        #expect(!atLimit.isEmpty && !atLimit.contains { $0.contains("longer") })
        let beyond = try complaints(most + line + line)
        #expect(beyond == ["longer than 1 MiB"])
    }

    @Test("with very many mistakes names the first hundred, at once")
    func mistakes() throws {
        let unknown = (0..<40_000).map { "key\($0): 1\n" }.joined()
        let found = try complaints(unknown)
        #expect(found.count == 101 && found.last?.contains("more") == true)
        let long = "name: " + String(repeating: "x", count: 900_000) + "!\n"
        let shown = try complaints(long)
        #expect(!shown.isEmpty && shown.allSatisfy { $0.utf8.count < 2000 })
    }

    @Test("with very many keys that come twice is refused in a time that grows with its length")
    func repeatedKeys() throws {
        let twice = String(repeating: "name: shop\n", count: 40_000)
        var found = try complaints(twice)
        #expect(found.contains { $0.contains("twice") })
        let pairs = (0..<20_000).map { "k\($0): 1\n" }.joined()
        found = try complaints(pairs + pairs)
        #expect(found.contains { $0.contains("twice") })
    }

    private func complaints(_ text: String) throws -> [String] {
        try watched("yaml") {
            var reader = Reader(file: "environment.yaml")
            if let value = reader.read(text, as: EnvironmentFormat.shape) {
                _ = EnvironmentFormat.environment(value, &reader)
            }
            return reader.problems.map(\.message)
        }
    }
}
