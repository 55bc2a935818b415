import Digest
import Foundation
import JSON
import Testing

@Suite("Reading and writing JSON")
struct RoundTripTests {
    @Test(
        "gives back exactly what was read",
        arguments: [
            #"{"b":1,"a":2}"#, #"[1.10,1e400,5e-324,-0,1.0000000000000000001]"#,
            "123456789012345678901234567890", "-9223372036854775809", "18446744073709551615", "null", "\"\"", "[]",
            "{}",
            #"{"a":{"b":[{"c":null},true,false]}}"#, #""ä€😀/""#, #"{"":{"a/b":"\u0001"}}"#,
        ])
    func identity(text: String) throws {
        #expect(try JSON(parsing: text).compact == text)
    }

    @Test("an escaped character is the character")
    func escapes() throws {
        #expect(try JSON(parsing: #""\u00e4\ud83d\ude00\/\n""#).string == "ä😀/\n")
    }

    @Test("the canonical form does not depend on the order of keys, the pretty one keeps it")
    func forms() throws {
        let left = try JSON(parsing: #"{"b":[1,{"d":1,"c":2}],"a":2}"#)
        let right = try JSON(parsing: #"{"a":2,"b":[1,{"c":2,"d":1}]}"#)
        #expect(left.canonical == right.canonical)
        #expect(
            left.pretty == "{\n  \"b\": [\n    1,\n    {\n      \"d\": 1,\n      \"c\": 2\n    }\n  ],\n  \"a\": 2\n}")
    }

    @Test(
        "every document of the fixtures survives, but for those that are no JSON",
        .enabled(if: FileManager.default.fileExists(atPath: fixtures.path), "no ../shared/fixtures"))
    func collected() throws {
        var count = 0
        var refused: [String] = []
        for case let file as URL in FileManager.default.enumerator(at: Self.fixtures, includingPropertiesForKeys: nil)
            ?? .init()
        where file.pathExtension == "json" {
            guard let value = try? JSON(parsing: Array(Data(contentsOf: file))) else {
                refused.append(file.lastPathComponent)
                continue
            }
            #expect(try JSON(parsing: value.compact) == value, "\(file.lastPathComponent)")
            #expect(try JSON(parsing: value.pretty) == value, "\(file.lastPathComponent)")
            count += 1
        }
        #expect(refused.sorted() == [])
        #expect(count > 100)
    }

    private static let fixtures = URL(filePath: #filePath).appending(path: "../../../../../shared/fixtures")
        .standardized
}

@Suite("A broken document")
struct BrokenDocumentTests {
    @Test(
        "is refused with the reason and the place",
        arguments: [
            ("{'a':1}", "line 1, column 2: unexpected “'”"),
            ("{\"a\":1,\n \"a\":2}", "line 2, column 2, at /a: the key “a” comes twice"),
            (#"{"a":[1,NaN]}"#, "line 1, column 9, at /a/1: unexpected “N”"),
            ("[01]", "line 1, column 2, at /0: “01” is not a number"),
            ("[1.]", "line 1, column 2, at /0: “1.” is not a number"),
            (#"{"a":"#, "line 1, column 6, at /a: the document ends too early"),
            (#""\ud800""#, "line 1, column 2: a lone surrogate is no character"),
            (#"{"a":1,"\u0061":2}"#, "line 1, column 8, at /a: the key “a” comes twice"),
            ("[1] 2", "line 1, column 5: unexpected character"),
            ("", "line 1, column 1: the document ends too early"),
            ("\"a", "line 1, column 1: a string without its closing quote"),
        ])
    func refused(text: String, message: String) {
        let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
        #expect(error.map(\.description) == message)
    }

    @Test("bytes that are no UTF-8 are refused")
    func notUTF8() {
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xff, 0x22]) }
    }

    @Test("nesting beyond the limit is refused, up to it not")
    func depth() throws {
        let nested = { (count: Int) in String(repeating: "[", count: count) + String(repeating: "]", count: count) }
        _ = try JSON(parsing: nested(64))
        #expect(throws: JSONError.self) { try JSON(parsing: nested(65)) }
        #expect(throws: JSONError.self) { try JSON(parsing: nested(100_000)) }
    }

    @Test("mutated documents are refused or survive writing, and never crash")
    func mutations() throws {
        var random = SeededRandom(seed: 20_261_123)
        let sample = Array(
            #"{"id":"/shop/cart","instances":3,"cpus":0.1,"env":{"A":"ä\n\u00e4"},"x":[null,true,1e5,-0,{"y":[]}]}"#
                .utf8)
        var survivors = 0
        for _ in 0..<20_000 {
            var bytes = sample
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: position)
                default: bytes.insert(sample.randomElement(using: &random) ?? 0, at: position)
                }
            }
            guard let value = try? JSON(parsing: bytes) else { continue }
            survivors += 1
            #expect(try JSON(parsing: value.compact) == value)
        }
        #expect(survivors > 100)
    }
}

@Suite("JSON inside Codable values")
struct CodableTests {
    @Test("comes back as it was")
    func roundTrip() throws {
        let value: JSON = ["a": [1, 2.5, true, nil, "x"], "b": [:]]
        let data = try JSONEncoder().encode(["value": value])
        let back = try JSONDecoder().decode([String: JSON].self, from: data)
        #expect(back["value"]?.canonical == value.canonical)
    }
}

@Suite("SHA-256")
struct SHA256Tests {
    @Test("gives the digests of the standard's examples")
    func knownAnswers() {
        #expect(
            SHA256.hexadecimal(of: "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256.hexadecimal(of: "") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}

/// SplitMix64: the same seed gives the same numbers on every machine.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
