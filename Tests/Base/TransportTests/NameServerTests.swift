import Testing

@testable import Transport

@Suite("An answer of a name server")
struct NameServerTests {
    /// `a.mesos` has 127.0.0.1 and 127.0.0.2, the second with a pointer to the name.
    private static let addresses: [UInt8] =
        [0, 1, 0x85, 0x80, 0, 1, 0, 2, 0, 0, 0, 0, 1, 97, 5, 109, 101, 115, 111, 115, 0, 0, 1, 0, 1]
        + [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1] + [
            0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 2,
        ]

    /// `a.mesos` is at port 80 of `a.mesos`.
    private static let service: [UInt8] =
        [0, 1, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, 97, 5, 109, 101, 115, 111, 115, 0, 0, 33, 0, 1]
        + [0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 8, 0, 0, 0, 0, 0, 80, 0xC0, 12]

    @Test("gives its addresses or targets")
    func records() throws {
        #expect(try NameServer.read(Self.addresses, .a).records == ["127.0.0.1", "127.0.0.2"])
        #expect(try NameServer.read(Self.service, .srv).records == ["a.mesos"])
    }

    @Test("without a record of the type that was asked for knows no such name")
    func otherType() throws {
        #expect(throws: NameServer.Refusal.unknownName) { try NameServer.read(Self.service, .a) }
        #expect(throws: NameServer.Refusal.unknownName) { try NameServer.read(Self.addresses, .srv) }
    }

    @Test("that is cut off anywhere is no answer", arguments: [addresses, service])
    func cut(message: [UInt8]) {
        let type: NameServer.RecordType = message == Self.service ? .srv : .a
        for length in 0..<message.count {
            #expect(throws: NameServer.Refusal.failed) { try NameServer.read(Array(message.prefix(length)), type) }
        }
    }

    @Test("that is broken in any way ends in records or in a refusal")
    func broken() {
        var state: UInt64 = 20_261_128
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var answers = 0
        var refusals = 0
        for round in 0..<20_000 {
            var message = round.isMultiple(of: 2) ? Self.addresses : Self.service
            for _ in 0...next(4) { message[next(message.count)] = UInt8(next(256)) }
            let answer = try? NameServer.read(message, round.isMultiple(of: 4) ? .a : .srv)
            if answer != nil { answers += 1 } else { refusals += 1 }
        }
        #expect(answers > 0)
        #expect(refusals > 0)
    }
}
