import Digest
import Glibc
import Migration

/// A digest over a folder: every file with its contents and whether it can be run, every link with where it leads.
public enum TreeDigest {
    /// - Throws: `Failure` for a folder that can't be read, or holds what is neither file, folder nor link.
    public static func of(_ folder: String) throws(Failure) -> String {
        var lines: [String] = []
        try add(folder, "", &lines)
        return SHA256.hexadecimal(of: lines.joined())
    }

    private static func add(_ folder: String, _ prefix: String, _ lines: inout [String]) throws(Failure) {
        guard access(folder, R_OK | X_OK) == 0 else { throw Files.failure("The folder can't be read", folder) }
        for name in Files.names(in: folder) {
            let path = "\(folder)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { throw Files.failure("The file can't be read", path) }
            let kind: String
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                lines.append("folder \(prefix)\(name)\0")
                try add(path, "\(prefix)\(name)/", &lines)
                continue
            case S_IFLNK: kind = "link \(Files.linkTarget(path) ?? "")"
            case S_IFREG:
                let digest = SHA256.hexadecimal(of: try Files.bytes(path))
                kind = "\(status.st_mode & S_IXUSR == 0 ? "file" : "program") \(digest)"
            default:
                throw Failure("Neither a file, a folder nor a link", at: path, advice: "Remove it.", kind: .refused)
            }
            lines.append("\(kind)\0\(prefix)\(name)\0")
        }
    }
}
