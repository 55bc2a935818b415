import Glibc

/// A folder that was opened once: what is made in it afterwards is made there, whatever its path leads to by then.
///
/// Refused is a folder in which others may replace files: writable by everyone, or by a group with other members, and
/// not sticky (as `/tmp` is). Source: open(2), openat(2), sticky bit in inode(7).
public struct TrustedFolder: ~Copyable {
    let descriptor: Int32
    public let path: String

    /// - Throws: `FileProblem` when the folder can't be opened, or others may replace what is in it.
    public init(_ path: String) throws(FileProblem) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileProblem("open \(path)") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileProblem("open \(path)") }
        if let opening = TrustedFolder.opening(status) {
            throw FileProblem(
                "use \(path)", reason: "\(opening.who) may replace files in it (mode \(opening.mode))",
                advice: "Run: chmod go-w \(FileProblem.quoted(path))")
        }
    }

    deinit { close(descriptor) }

    /// Refuses a folder in which others may have put what is there: it must belong to this user or to root, no one else
    /// may write it, and no one else may replace it or a folder above it. A folder that is not there yet is fine.
    public static func requireOwn(_ path: String) throws(FileProblem) {
        let action = "use \(path)"
        var existing = path
        var status = stat()
        while stat(existing, &status) != 0 {
            guard errno == ENOENT, existing.contains("/"), existing != "/" else { throw FileProblem(action) }
            existing = split(existing).folder
        }
        if existing == path {
            guard status.st_mode & S_IFMT == S_IFDIR else { throw FileProblem(action, code: ENOTDIR) }
            guard status.st_uid == geteuid() || status.st_uid == 0 else {
                throw FileProblem(action, reason: "it belongs to another user (uid \(status.st_uid))")
            }
            if let opening = opening(status) {
                throw FileProblem(
                    action, reason: "\(opening.who) may replace files in it (mode \(opening.mode))",
                    advice: "Run: chmod -R go-w \(FileProblem.quoted(path))")
            }
        }
        guard let real = realpath(existing, nil) else { throw FileProblem(action) }
        defer { free(real) }
        var above = String(cString: real)
        if existing == path { above = split(above).folder }
        while true {
            guard stat(above, &status) == 0 else { throw FileProblem(action) }
            if let opening = opening(status) {
                throw FileProblem(
                    action, reason: "\(opening.who) may replace files in \(above) (mode \(opening.mode))",
                    advice: "Run: chmod go-w \(FileProblem.quoted(above))")
            }
            if above == "/" { return }
            above = split(above).folder
        }
    }

    /// Refuses a file that others may have written: it must belong to this user or to root, no one else may write it, and
    /// `requireOwn` must hold of its folder, of where a symbolic link leads too.
    public static func requireOwnFile(_ path: String) throws(FileProblem) {
        let action = "use \(path)"
        guard let real = realpath(path, nil) else { throw FileProblem(action) }
        defer { free(real) }
        let file = String(cString: real)
        try requireOwn(split(file).folder)
        var status = stat()
        guard stat(file, &status) == 0 else { throw FileProblem(action) }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw FileProblem(action, reason: "\(file) belongs to another user (uid \(status.st_uid))")
        }
        status.st_mode &= ~S_ISVTX
        if let opening = opening(status) {
            throw FileProblem(
                action, reason: "\(opening.who) may write \(file) (mode \(opening.mode))",
                advice: "Run: chmod go-w \(FileProblem.quoted(file))")
        }
    }

    /// Who else may replace what is in a folder, and its mode; nil for no one.
    private static func opening(_ folder: stat) -> (who: String, mode: String)? {
        guard folder.st_mode & S_ISVTX == 0 else { return nil }
        let mode = String(folder.st_mode & 0o777, radix: 8)
        if folder.st_mode & S_IWOTH != 0 { return ("everyone", mode) }
        guard folder.st_mode & S_IWGRP != 0, folder.st_gid != 0, !isPrivate(folder.st_gid) else { return nil }
        return ("every member of group \(folder.st_gid)", mode)
    }

    /// Whether a group is the one that many systems make for each user, with no other member.
    private static func isPrivate(_ group: gid_t) -> Bool {
        guard let user = getpwuid(geteuid()), user.pointee.pw_gid == group, let entry = getgrgid(group) else {
            return false
        }
        guard String(cString: entry.pointee.gr_name) == String(cString: user.pointee.pw_name) else { return false }
        return entry.pointee.gr_mem?.pointee == nil
    }

    /// Reads a file of the folder; a symbolic link is refused.
    ///
    /// - Parameter limit: in bytes.
    /// - Returns: nil when there is none of this name.
    public func read(_ name: String, limit: Int) throws(FileProblem) -> [UInt8]? {
        let action = "read \(path)/\(name)"
        // A pipe of that name must not block.
        let file = openat(descriptor, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        if file < 0, errno == ENOENT { return nil }
        guard file >= 0 else { throw FileProblem(action) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { return bytes }
            guard count > 0 || errno == EINTR else { throw FileProblem(action) }
            guard bytes.count <= limit else { throw FileProblem(action, code: EFBIG) }
            bytes += buffer.prefix(max(0, count))
        }
    }

    /// Whether this user may make and rename files in it.
    public var isWritable: Bool { faccessat(descriptor, ".", W_OK | X_OK, 0) == 0 }

    /// New contents for a file in this folder.
    public consuming func replacement(of name: String) throws(FileProblem) -> FileReplacement {
        try FileReplacement(of: name, in: self)
    }

    /// The folder's path and the file's name in it.
    public static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    /// Where a path leads through symbolic links, each of which lies in a folder that no one else may change.
    ///
    /// - Throws: `FileProblem` for a link that others may have made, or links that go round.
    public static func resolve(_ path: String) throws(FileProblem) -> String {
        var path = path
        for _ in 0..<40 {
            let (folder, name) = split(path)
            guard !name.isEmpty else { return path }
            var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let length = readlink(path, &target, target.count)
            guard length >= 0 else { return path }
            // In a sticky folder everyone may make links: it is its maker who must be trusted.
            let opened = try TrustedFolder(folder)
            var link = stat()
            guard fstatat(opened.descriptor, name, &link, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw FileProblem("follow \(path)")
            }
            guard link.st_uid == 0 || link.st_uid == geteuid() else {
                throw FileProblem(
                    "follow \(path)", reason: "the link belongs to another user (uid \(link.st_uid))",
                    advice: "Name the file that it should lead to.")
            }
            let text = String(decoding: target.prefix(length), as: UTF8.self)
            path = text.hasPrefix("/") ? text : "\(folder)/\(text)"
        }
        throw FileProblem("follow \(path)", code: ELOOP)
    }
}
