import Migration

/// Where a program writes what it gives to later steps: `NAME=VALUE`, a line each. Of two values of a name the last
/// counts.
final class OutputsFile: Sendable {
    /// The environment variable that programs find its path in.
    static let variable = "RZ_OUTPUTS"
    /// In bytes; a value is a line.
    static let largest = 65_536

    let path: String
    private let folder: String

    init() throws(Failure) {
        folder = try Files.makeTemporaryFolder()
        path = "\(folder)/outputs"
    }

    deinit { Files.removeFolder(folder) }

    /// - Throws: `Failure` when it is no list of `NAME=VALUE`.
    func values(of program: String) throws(Failure) -> [String: String] {
        guard let text = Files.textIfThere(path) else { return [:] }
        guard text.utf8.count <= OutputsFile.largest else {
            throw wrong(program, "more than \(OutputsFile.largest) bytes")
        }
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "="), equals > line.startIndex else {
                throw wrong(program, "a line without NAME=: line \(values.count + 1)")
            }
            values[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        return values
    }

    private func wrong(_ program: String, _ what: String) -> Failure {
        Failure(
            "\(program) wrote no outputs that can be read", details: [what],
            advice: "Let it append a line NAME=VALUE for each output to the file $\(OutputsFile.variable).")
    }
}
