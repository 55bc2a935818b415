import Glibc

/// A text file read line by line, so that a large one needs no more memory than its longest line.
struct LineFile {
    /// Longer lines are refused: no plan comes near.
    static let longestLine = 64 << 20

    let path: String

    /// Hands over each line, without its end, with its number from 1.
    ///
    /// - Throws: `JournalError`: `.missing`, `.inputOutput`, or `.damagedExport` for a file that is no text.
    func forEach(_ body: (Int, String) throws(JournalError) -> Void) throws(JournalError) {
        guard let stream = fopen(path, "re") else {
            throw LineFile.missing(path, errno)
        }
        defer { fclose(stream) }
        var rest: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var number = 0
        while true {
            let count = fread(&chunk, 1, chunk.count, stream)
            guard ferror(stream) == 0 else {
                if errno == EISDIR { throw LineFile.missing(path, EISDIR) }
                throw JournalError(
                    .inputOutput, path: path, message: "The file can't be read (\(String(cString: strerror(errno))))",
                    advice: "Copy it to another disk.")
            }
            if count == 0 { break }
            var start = 0
            while let end = chunk[start..<count].firstIndex(of: 0x0A) {
                number += 1
                try body(number, try text(rest + chunk[start..<end], number))
                rest.removeAll(keepingCapacity: true)
                start = end + 1
            }
            rest += chunk[start..<count]
            guard rest.count <= LineFile.longestLine else {
                throw .damagedExport("line \(number + 1) does not end", path: path)
            }
        }
        guard rest.isEmpty else { throw .damagedExport("line \(number + 1) is cut off", path: path) }
    }

    private static func missing(_ path: String, _ systemError: Int32) -> JournalError {
        JournalError(
            .missing, path: path, message: "The file can't be read (\(String(cString: strerror(systemError))))",
            advice: "Is the path right?")
    }

    private func text(_ bytes: [UInt8], _ number: Int) throws(JournalError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .damagedExport("line \(number) is not UTF-8", path: path)
        }
        return text
    }
}
