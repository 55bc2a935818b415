import Glibc
import Migration
import SafeFiles

/// Writes the files of a commit as the object store has them: no attribute, filter or line-end setting of the checkout
/// has a part in it. Source: git-ls-tree(1), git-cat-file(1), "batch output".
struct CommitFiles {
    let git: Git

    /// A file or symbolic link of a commit.
    private struct Entry {
        var mode: Substring
        var object: Substring
        var path: String
    }

    /// - Parameters:
    ///   - paths: what to write, relative to the repository's folder; none for all.
    ///   - target: a folder that is there.
    /// - Returns: whether there was anything to write.
    func write(_ commit: String, _ paths: [String], into target: String) async throws(Failure) -> Bool {
        let entries = try await entries(of: commit, paths)
        guard !entries.isEmpty else { return false }
        let objects = try await contents(of: entries)
        var offset = 0
        var links: [(path: String, target: String)] = []
        for entry in entries {
            let size = try header(of: entry, in: objects, &offset)
            let place = try place(of: entry.path, in: target)
            if entry.mode == "120000" {
                links.append((place, String(decoding: try bytes(size, in: objects, offset), as: UTF8.self)))
            } else {
                try copy(size, of: objects, offset, to: place, isProgram: entry.mode == "100755")
            }
            // Each object ends with a line end.
            offset += size + 1
        }
        // Last, so that no file is written through one.
        for link in links { try Files.link(link.path, to: link.target) }
        return true
    }

    private func entries(of commit: String, _ paths: [String]) async throws(Failure) -> [Entry] {
        let listing = try await git.require(
            ["ls-tree", "-r", "-z", commit, "--"] + paths, "Git can't read commit \(commit)")
        return listing.split(separator: "\0").compactMap { line in
            // `100644 blob ID<TAB>PATH`; a commit in its place is a submodule.
            guard let tab = line.firstIndex(of: "\t") else { return nil }
            let words = line[..<tab].split(separator: " ")
            guard words.count == 3, words[1] == "blob" else { return nil }
            return Entry(mode: words[0], object: words[2], path: String(line[line.index(after: tab)...]))
        }
    }

    /// The objects of all entries, one behind the other.
    private func contents(of entries: [Entry]) async throws(Failure) -> OutputFile {
        let folder = try Files.makeTemporaryFolder()
        defer { Files.removeFolder(folder) }
        try Files.write(entries.map { $0.object + "\n" }.joined(), to: folder + "/objects")
        let output = try OutputFile()
        let (errors, end) = try await git.run(["cat-file", "--batch"], input: folder + "/objects", output: output)
        guard end.isSuccess else { throw git.failure("Git can't read the files of the commit", errors) }
        return output
    }

    /// Reads `ID blob SIZE<LF>`, and moves behind it.
    private func header(of entry: Entry, in objects: OutputFile, _ offset: inout Int) throws(Failure) -> Int {
        let line = objects.bytes(from: offset, atMost: 256).prefix { $0 != 10 }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard words.count == 3, words[0] == entry.object, words[1] == "blob", let size = Int(words[2]), size >= 0 else {
            throw Failure(
                "The checkout's repository lacks a file of the commit", at: entry.path,
                details: [String(decoding: line, as: UTF8.self)], advice: "Fetch it there: git fetch --refetch")
        }
        offset += line.count + 1
        return size
    }

    private func bytes(_ size: Int, in objects: OutputFile, _ offset: Int) throws(Failure) -> [UInt8] {
        let bytes = objects.bytes(from: offset, atMost: size)
        guard bytes.count == size else { throw Failure("Git wrote less than it announced", at: git.folder) }
        return bytes
    }

    /// Makes the folders above a file. A tree may hold names that no checkout would make.
    private func place(of path: String, in target: String) throws(Failure) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !["", ".", ".."].contains($0) && $0.lowercased() != ".git" }) else {
            throw Failure("The commit has a file of a name that can't be", at: path, kind: .refused)
        }
        var folder = target
        for part in parts.dropLast() {
            folder += "/\(part)"
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
                throw Files.failure("The folder can't be made", folder)
            }
            // Modes as Git gives them, whatever the umask: playbooks copy files with theirs. Above is `$RZ_HOME`.
            chmod(folder, 0o755)
        }
        return "\(target)/\(path)"
    }

    private func copy(
        _ size: Int, of objects: OutputFile, _ offset: Int, to path: String, isProgram: Bool
    ) throws(Failure) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Files.failure("The file can't be written", path) }
        defer { close(file) }
        var written = 0
        while written < size {
            let part = try bytes(min(size - written, 1 << 20), in: objects, offset + written)
            let count = part.withUnsafeBytes { Glibc.write(file, $0.baseAddress, part.count) }
            guard count > 0 || errno == EINTR else { throw Files.failure("The file can't be written", path) }
            written += max(0, count)
        }
        guard fchmod(file, isProgram ? 0o755 : 0o644) == 0 else {
            throw Files.failure("The file can't be written", path)
        }
    }
}
