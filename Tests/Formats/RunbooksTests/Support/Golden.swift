import Foundation
import Testing

/// Compares with a file of the checkout; `RZ_UPDATE_GOLDEN=1` writes it instead, and the test fails.
func expectGolden(_ text: String, _ path: String, _ location: SourceLocation = #_sourceLocation) throws {
    let file = checkout.appending(path: path)
    if ProcessInfo.processInfo.environment["RZ_UPDATE_GOLDEN"] == "1" {
        try Data(text.utf8).write(to: file)
        Issue.record("\(path) was written, and compared with nothing", sourceLocation: location)
        return
    }
    let shipped = try String(contentsOf: file, encoding: .utf8)
    #expect(
        shipped == text, "\(path) is out of date; write it anew with: RZ_UPDATE_GOLDEN=1 swift test",
        sourceLocation: location)
}

/// A text with what stands between two marks replaced.
func replacing(between begin: String, and end: String, in text: String, with new: String) throws -> String {
    let start = try #require(text.range(of: begin), "\(begin) is missing").upperBound
    let stop = try #require(text.range(of: end, range: start..<text.endIndex), "\(end) is missing").lowerBound
    return text.replacingCharacters(in: start..<stop, with: new)
}
