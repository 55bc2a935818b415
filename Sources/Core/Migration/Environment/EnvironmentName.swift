/// The name of an environment: that of its folder, of its journal, and a word on a command line.
public enum EnvironmentName {
    /// Letters, digits, dots, dashes and underscores, at most 100, the first a letter or a digit: neither an option, nor a
    /// path, nor two lines.
    public static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, isWord(first), name.utf8.count <= 100 else { return false }
        return name.utf8.allSatisfy { isWord($0) || "._-".utf8.contains($0) }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: false
        }
    }
}
