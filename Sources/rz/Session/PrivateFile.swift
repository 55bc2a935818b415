import Migration
import SafeFiles

/// A file that only its owner may read, whoever could read the one that it replaces.
enum PrivateFile {
    /// Writes a text in one piece: readers see the old file or the new one.
    ///
    /// - Throws: `Failure` that says why it can't be written; then the old file stays.
    static func write(_ text: String, to path: String) throws(Failure) {
        do throws(FileProblem) { try FileReplacement.write(text, to: path) } catch {
            throw Failure(
                "The plan can't be saved", at: path, details: [error.reason],
                advice: "Name a file in a folder that is there and that this user alone may write: -o FILE.")
        }
    }
}
