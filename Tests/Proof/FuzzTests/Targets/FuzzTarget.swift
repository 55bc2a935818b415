/// A decoder, and what must hold for whatever it is given. Shared by the tests and by the libFuzzer harness.
struct FuzzTarget: Sendable, CustomStringConvertible {
    /// Also the name of its folders under `Samples` and `Regressions`.
    let name: String
    /// Words that mean something to the decoder.
    let tokens: [String]
    /// Throws `Violation` when a property does not hold. Refusals of the decoder are fine and stay inside.
    let check: @Sendable ([UInt8]) throws -> Void

    init(_ name: String, tokens: [String] = [], check: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.name = name
        self.tokens = tokens
        self.check = check
    }

    var description: String { name }

    static let all: [FuzzTarget] =
        jsonTargets + haproxyTargets + traefikTargets + albTargets + marathonTargets + composeTargets
        + provisioningTargets
        + runbookTargets
        + journalTargets + telemetryTargets + vocabularyTargets + transportTargets + sandboxTargets

    static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// A property that does not hold.
struct Violation: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ property: @autoclosure () -> String) throws {
    if !condition { throw Violation(property()) }
}

/// Nobody reads more than this of an error, and a journal keeps each one for ever.
private let longestError = 16 << 10

/// What decoding gave; nil when it was refused with an error of bounded length.
func outcome<Result>(_ decode: () throws -> Result) throws -> Result? {
    do {
        return try decode()
    } catch let violation as Violation {
        throw violation
    } catch {
        try checkText(of: error)
        return nil
    }
}

func checkText(of error: any Error) throws {
    let length = "\(error)".utf8.count
    try require(length > 0 && length <= longestError, "an error's text is bounded, this one has \(length) bytes")
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}
