import Glibc
import SafeFiles

/// Whole files, read and written in one go with plain system calls.
enum File {
    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ action: String, _ path: String, code: Int32 = errno) {
            description = "can't \(action) \(path): \(String(cString: strerror(code)))"
        }

        init(_ problem: FileProblem) { description = "can't \(problem)" }
    }

    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure("open", path) }
        defer { close(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8 * 1024)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { return content }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Failure("read", path)
            }
            content += buffer[..<count]
        }
    }

    /// Replaces a file so that after a crash there is either the old content or the new, whole.
    static func replace(_ path: String, with content: [UInt8]) throws(Failure) {
        do throws(FileProblem) { try FileReplacement.write(content, to: path) } catch {
            throw Failure(error)
        }
    }

    static func append(_ content: [UInt8], to path: String) throws(Failure) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure("open", path) }
        defer { close(file) }
        try write(content, to: file, path: path)
    }

    /// Makes a folder and those above it; it is fine if they exist.
    static func makeDirectory(_ path: String) throws(Failure) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, parent(of: path) != path else { throw Failure("make the folder", path) }
        try makeDirectory(parent(of: path))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Failure("make the folder", path) }
    }

    /// The names in a folder, sorted; none when it can't be read.
    static func names(in directory: String) -> [String] {
        guard let folder = opendir(directory) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func write(_ content: [UInt8], to file: Int32, path: String) throws(Failure) {
        var written = 0
        while written < content.count {
            let count = content.withUnsafeBytes { bytes in
                Glibc.write(file, bytes.baseAddress?.advanced(by: written), content.count - written)
            }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw Failure("write", path)
            }
            written += count
        }
    }
}
