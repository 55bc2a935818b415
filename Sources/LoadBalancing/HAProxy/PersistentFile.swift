import Dispatch
import Glibc

/// A file that HAProxy reads at its next start: replaced in one piece, so that it never reads a half.
struct PersistentFile: Sendable {
    /// Why a file could not be read or written.
    struct Problem: Error {
        var text: String
        var isMissing: Bool

        init(_ what: String, _ number: Int32 = errno) {
            text = "\(what): \(String(cString: strerror(number)))"
            isMissing = number == ENOENT
        }
    }

    /// State files of thirty thousand servers are a tenth of it.
    static let largest = 64 << 20

    private static let queue = DispatchQueue(label: "rz.loadbalancing.files")

    /// The file itself where the path leads to it through links.
    private let path: String

    init(_ path: String) {
        let real = realpath(path, nil)
        self.path = real.map { String(cString: $0) } ?? path
        free(real)
    }

    /// Whether a replacement of the file could be written now.
    var isReplaceable: Bool {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return access(folder, W_OK | X_OK) == 0
    }

    /// Replaces the contents; what they are now is handed to `contents`, nil for a file that does not exist.
    /// With nil from `contents` the file stays as it is.
    func replace(_ contents: @escaping @Sendable (String?) -> String?) async throws(Problem) {
        let result: Result<Void, Problem> = await withCheckedContinuation { continuation in
            PersistentFile.queue.async {
                continuation.resume(returning: Result { () throws(Problem) in try replaceNow(contents) })
            }
        }
        try result.get()
    }

    private func replaceNow(_ contents: (String?) -> String?) throws(Problem) {
        var existing: String?
        do throws(Problem) { existing = try read() } catch { if !error.isMissing { throw error } }
        guard let new = contents(existing), new != existing else { return }
        let temporary = path + ".rz-\(getpid())"
        do throws(Problem) {
            try write(new, to: temporary)
            guard rename(temporary, path) == 0 else { throw Problem("rename \(path)") }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private func read() throws(Problem) -> String {
        // A pipe of that name must not block.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Problem("read \(path)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            guard count > 0 || errno == EINTR else { throw Problem("read \(path)") }
            guard bytes.count <= PersistentFile.largest else { throw Problem("read \(path)", EFBIG) }
            bytes += buffer.prefix(max(0, count))
        }
    }

    private func write(_ text: String, to temporary: String) throws(Problem) {
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Problem("write \(temporary)") }
        defer { close(descriptor) }
        var old = stat()
        if stat(path, &old) == 0 {
            // HAProxy may run as another user: whoever could read the old file can read the new one.
            fchmod(descriptor, old.st_mode & 0o777)
            _ = fchown(descriptor, old.st_uid, old.st_gid)
        }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written)
            }
            guard count > 0 || errno == EINTR else { throw Problem("write \(temporary)") }
            written += max(0, count)
        }
        guard fsync(descriptor) == 0 else { throw Problem("write \(temporary)") }
    }
}
