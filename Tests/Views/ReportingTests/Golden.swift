import Foundation
import Testing

/// Compares a text with the file that holds what it was when somebody last looked at it.
///
/// With `RZ_UPDATE_GOLDEN=1` in the environment the file is written instead, and the test fails: look at the difference
/// before a commit.
func expectGolden(_ text: String, _ name: String, width: Int = 100, sourceLocation: SourceLocation = #_sourceLocation)
    throws
{
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(name).txt")
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        #expect(line.count <= width, "\(name) is \(line.count) wide: \(line)", sourceLocation: sourceLocation)
        #expect(line.last != " ", "\(name) ends a line with a space: \(line)", sourceLocation: sourceLocation)
    }
    if ProcessInfo.processInfo.environment["RZ_UPDATE_GOLDEN"] == "1" {
        try text.write(to: file, atomically: true, encoding: .utf8)
        Issue.record("\(name) was written, and compared with nothing", sourceLocation: sourceLocation)
        return
    }
    let known = try String(contentsOf: file, encoding: .utf8)
    #expect(text == known, "differs from \(file.path)", sourceLocation: sourceLocation)
}
