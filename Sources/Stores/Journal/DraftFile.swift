import Glibc

/// A file that is written under another name, and gets its own when it is whole and on the disk.
struct DraftFile {
    private let stream: UnsafeMutablePointer<FILE>
    private let failing: (Int32) -> JournalError

    /// Writes a file for its owner alone; one that is there is replaced, but not by half of one.
    ///
    /// - Parameter failing: what an `errno` means to who wants the file.
    /// - Throws: what `failing` makes of a refusal of the system, or what `content` throws.
    static func write<Result>(
        _ path: String, failing: @escaping (Int32) -> JournalError,
        _ content: (DraftFile) throws(JournalError) -> Result
    ) throws(JournalError) -> Result {
        var found = stat()
        if stat(path, &found) == 0, found.st_mode & S_IFMT != S_IFREG {
            // Its name would become a file's: of a folder, which is refused later and worse, or of `/dev/null`.
            throw failing(found.st_mode & S_IFMT == S_IFDIR ? EISDIR : EEXIST)
        }
        let draft = "\(path).\(getpid())-\(UInt32.random(in: .min ... .max)).draft"
        let descriptor = open(draft, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0, let stream = fdopen(descriptor, "w") else { throw failing(errno) }
        defer { unlink(draft) }
        let result: Result
        do throws(JournalError) {
            result = try content(DraftFile(stream: stream, failing: failing))
        } catch {
            fclose(stream)
            throw error
        }
        let isWritten = fflush(stream) == 0 && fsync(descriptor) == 0
        let reason = errno
        fclose(stream)
        guard isWritten else { throw failing(reason) }
        guard rename(draft, path) == 0 else { throw failing(errno) }
        return result
    }

    func write(_ text: String) throws(JournalError) {
        var text = text
        let count = text.withUTF8 { fwrite($0.baseAddress, 1, $0.count, stream) }
        guard count == text.utf8.count else { throw failing(errno) }
    }
}
