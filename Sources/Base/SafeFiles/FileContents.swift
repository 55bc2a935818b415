import FoundationEssentials
import Glibc

/// Reads files that people name.
public enum FileContents {
    /// - Parameter limit: in bytes; of a longer file the rest is not read.
    public static func read(_ path: String, limit: Int) throws(FileProblem) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw FileProblem("read \(path)") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < limit {
            let count = Glibc.read(file, &buffer, min(buffer.count, limit - bytes.count))
            if count == 0 { break }
            guard count > 0 || errno == EINTR else { throw FileProblem("read \(path)") }
            bytes += buffer.prefix(max(0, count))
        }
        return bytes
    }
}

extension FileProblem {
    /// Why one of Foundation's calls on a file failed, in the system's words.
    public static func reason(of error: any Error) -> String {
        guard let underlying = (error as? CocoaError)?.underlying as? POSIXError else { return "\(error)" }
        return String(cString: strerror(underlying.code.rawValue))
    }
}
