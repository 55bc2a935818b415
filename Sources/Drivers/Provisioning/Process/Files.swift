import Glibc
import Migration
import SafeFiles

/// The few file operations that drivers need, each with an error that names the file.
enum Files {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether there is anything of this name, a symbolic link that leads nowhere too.
    static func isThere(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Makes a folder and those above it; new ones are for their owner only.
    static func makeFolder(_ path: String) throws(Failure) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            guard mkdir(made, 0o700) != 0, errno != EEXIST, !isFolder(made) else { continue }
            throw failure("The folder can't be made", made)
        }
    }

    /// A new folder for this user alone.
    static func makeTemporaryFolder() throws(Failure) -> String {
        // mkdtemp takes six letters X at the end for its own.
        var path = Array(("/tmp/rz-folder-" + String(repeating: "X", count: 6)).utf8CString)
        guard mkdtemp(&path) != nil else { throw failure("No temporary folder can be made", "/tmp") }
        return String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The file's text, or nil if it can't be read; of a file longer than any output, its beginning.
    static func textIfThere(_ path: String) -> String? {
        // A pipe of that name must not block.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var all: [UInt8] = []
        while true {
            if all.count > OutputFile.largest { return String(decoding: all, as: UTF8.self) }
            let part = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, initialized in
                initialized = max(0, Glibc.read(file, buffer.baseAddress, 65_536))
            }
            if part.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += part
        }
    }

    /// All of a regular file.
    static func bytes(_ path: String) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { throw failure("The file can't be read", path) }
        defer { close(file) }
        var all: [UInt8] = []
        while true {
            var count = 0
            let part = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, initialized in
                count = Glibc.read(file, buffer.baseAddress, 65_536)
                initialized = max(0, count)
            }
            guard count >= 0 || errno == EINTR else { throw failure("The file can't be read", path) }
            if count == 0 { return all }
            all += part
        }
    }

    /// Writes a file in one piece: readers see the old text or the new one. Only its owner may read it.
    ///
    /// Several rz may write the same file at once: each has a draft of its own, and the last one stays.
    static func write(_ text: String, to path: String) throws(Failure) {
        do throws(FileProblem) { try FileReplacement.write(text, to: path) } catch {
            throw Failure("The file can't be written", at: path, details: [error.description], advice: error.advice)
        }
    }

    /// A name beside a file or folder that no other writer uses, here or in another process.
    static func draft(of path: String) -> String { FileReplacement.draftName(of: path) }

    /// Removes the folders of such names that processes made which are no more.
    static func removeDrafts(of name: String, in folder: String) {
        let prefix = name + ".new-"
        for draft in names(in: folder) where draft.hasPrefix(prefix) {
            let process = draft.dropFirst(prefix.count).split(separator: "-").first.flatMap { pid_t($0) }
            if let process, kill(process, 0) != 0, errno == ESRCH { removeFolder(folder + "/" + draft) }
        }
    }

    static func rename(_ path: String, to target: String) throws(Failure) {
        guard Glibc.rename(path, target) == 0 else { throw failure("The file can't be moved into its place", target) }
    }

    /// Waits until a folder, and every file and folder in it, is on the disk.
    static func sync(_ folder: String) throws(Failure) {
        for name in names(in: folder) {
            let inner = folder + "/" + name
            var status = stat()
            guard lstat(inner, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: try sync(inner)
            case S_IFREG: try syncOne(inner)
            default: continue
            }
        }
        try syncOne(folder)
    }

    /// A file's contents, or the names in a folder.
    static func syncOne(_ path: String) throws(Failure) {
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw failure("The file can't be opened", path) }
        defer { close(opened) }
        guard fsync(opened) == 0 else { throw failure("The file can't be kept", path) }
    }

    static func remove(_ path: String) { unlink(path) }

    /// Makes a symbolic link.
    static func link(_ path: String, to target: String) throws(Failure) {
        guard symlink(target, path) == 0 else { throw failure("The link can't be made", path) }
    }

    /// Where a symbolic link leads, as written; nil for anything else.
    static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = readlink(path, &buffer, buffer.count)
        return length < 0 ? nil : String(decoding: buffer.prefix(length), as: UTF8.self)
    }

    /// A path without symbolic links; nil where it leads nowhere.
    static func real(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// Removes a folder and what is in it; symbolic links are removed, not followed.
    static func removeFolder(_ path: String) {
        for name in names(in: path) {
            let inner = path + "/" + name
            var status = stat()
            guard lstat(inner, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { removeFolder(inner) } else { unlink(inner) }
        }
        rmdir(path)
    }

    static func failure(_ summary: String, _ path: String) -> Failure {
        Failure(summary, at: path, details: [String(cString: strerror(errno))])
    }
}
