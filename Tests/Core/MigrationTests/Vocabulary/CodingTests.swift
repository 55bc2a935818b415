import Foundation
import Migration
import Operations
import Testing

@Suite("What is written to files")
struct CodingTests {
    @Test("has dictionaries as objects, so that equal values always give equal text")
    func dictionaries() throws {
        #expect(try text([Color.green: 1, .blue: 2]) == #"{"blue":2,"green":1}"#)
        #expect(try text([ServiceID("/b"): 1, "/a": 2]) == #"{"/a":2,"/b":1}"#)
        #expect(try text([PhaseID.drain: 1, .cutOver: 2]) == #"{"cutOver":2,"drain":1}"#)
    }

    @Test("is the same whatever order a dictionary keeps its keys in")
    func stable() throws {
        let ids = (0..<100).map { ServiceID("/service-\($0)") }
        let one = Dictionary(uniqueKeysWithValues: ids.map { ($0, 1) })
        var other: [ServiceID: Int] = [:]
        other.reserveCapacity(5000)
        for id in ids.reversed() { other[id] = 1 }
        #expect(try text(one) == text(other))
    }

    @Test("reads back as it was written")
    func roundTrip() throws {
        let rule = TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])
        #expect(try JSONDecoder().decode(TrafficRule.self, from: JSONEncoder().encode(rule)) == rule)
        let services = [ServiceID("/a"): WorldService(fingerprint: "f", instances: 2)]
        #expect(
            try JSONDecoder().decode([ServiceID: WorldService].self, from: JSONEncoder().encode(services)) == services)
    }

    private func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
