import Glibc

/// The new contents of a file, under a name of their own until they are whole and on the disk: readers see the old
/// file or the new one, and whoever may not write the folder can't choose what is written.
///
/// Without `commit` the draft is removed.
public struct FileReplacement: ~Copyable {
    /// For writers of streams; it is closed with the replacement.
    public let descriptor: Int32
    private let folder: TrustedFolder
    private let name: String
    private let draft: String
    private var isCommitted = false

    /// Creates the draft, for its owner alone.
    ///
    /// - Parameter path: of the file; a symbolic link is replaced, not followed.
    /// - Throws: `FileProblem` when the folder can't be trusted or written.
    public init(of path: String) throws(FileProblem) {
        let (folder, name) = TrustedFolder.split(path)
        try self.init(of: name, in: TrustedFolder(folder))
    }

    init(of name: String, in folder: consuming TrustedFolder) throws(FileProblem) {
        draft = FileReplacement.draftName(of: name)
        descriptor = openat(folder.descriptor, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        let path = "\(folder.path)/\(name)"
        self.name = name
        self.folder = folder
        guard descriptor >= 0 else { throw FileProblem("write \(path)") }
    }

    deinit {
        close(descriptor)
        if !isCommitted { unlinkat(folder.descriptor, draft, 0) }
    }

    /// A name beside a file or folder that no other writer uses, here or in another process, and that no one can guess.
    public static func draftName(of name: String) -> String {
        "\(name).new-\(getpid())-\(UInt64.random(in: 0...(.max)))"
    }

    public func write(_ bytes: some Sequence<UInt8>) throws(FileProblem) {
        let bytes = Array(bytes)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written)
            }
            guard count > 0 || errno == EINTR else { throw FileProblem("write \(folder.path)/\(name)") }
            written += max(0, count)
        }
    }

    /// Lets those read it who could read the file that it replaces: its mode, and its group where this user may give
    /// it. The owner stays this user: a file is never given away.
    ///
    /// - Throws: `FileProblem` when the old file's owner could not read the new one.
    public func keepReaders() throws(FileProblem) {
        var old = stat()
        guard fstatat(folder.descriptor, name, &old, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard fchmod(descriptor, 0o644) == 0 else { throw FileProblem("write \(folder.path)/\(name)") }
            return
        }
        let path = "\(folder.path)/\(name)"
        let hasGroup = fchown(descriptor, uid_t.max, old.st_gid) == 0
        guard hasGroup || old.st_mode & 0o044 != 0o040 else {
            throw FileProblem(
                "replace \(path)", reason: "only group \(old.st_gid) may read it, of which this user is no member",
                advice: "Let everyone read it: chmod o+r \(FileProblem.quoted(path))")
        }
        guard old.st_uid == geteuid() || old.st_uid == 0 || old.st_mode & 0o044 != 0 else {
            throw FileProblem(
                "replace \(path)",
                reason: "only its owner, another user (uid \(old.st_uid)), may read it, and rz gives no file away",
                advice: "Let its group read it: chmod g+r \(FileProblem.quoted(path))")
        }
        // Without the group, its rights would be those of another one.
        guard fchmod(descriptor, old.st_mode & (hasGroup ? 0o664 : 0o604)) == 0 else {
            throw FileProblem("write \(path)")
        }
    }

    /// Gives the draft the file's name, once it is on the disk; the new name is on the disk afterwards, too.
    public consuming func commit() throws(FileProblem) {
        guard fsync(descriptor) == 0, renameat(folder.descriptor, draft, folder.descriptor, name) == 0,
            fsync(folder.descriptor) == 0
        else { throw FileProblem("write \(folder.path)/\(name)") }
        isCommitted = true
    }

    /// Gives the draft the file's name, unless there is such a file.
    ///
    /// - Returns: whether there was none.
    public consuming func commitIfNew() throws(FileProblem) -> Bool {
        guard fsync(descriptor) == 0 else { throw FileProblem("write \(folder.path)/\(name)") }
        guard linkat(folder.descriptor, draft, folder.descriptor, name, 0) == 0 else {
            if errno == EEXIST { return false }
            throw FileProblem("write \(folder.path)/\(name)")
        }
        return true
    }

    /// Replaces a file by one that only its owner may read.
    public static func write(_ text: String, to path: String) throws(FileProblem) {
        try write(Array(text.utf8), to: path)
    }

    public static func write(_ bytes: [UInt8], to path: String) throws(FileProblem) {
        let replacement = try FileReplacement(of: path)
        try replacement.write(bytes)
        try replacement.commit()
    }
}
