import FoundationEssentials
import Glibc
import JSON
import Migration
import Runbooks
import SafeFiles

/// The files of an environment that does not exist yet.
struct NewEnvironment {
    let folder: String

    /// - Throws: `Failure` (kind `.refused`) that lists what exists when the environment does.
    init(_ template: EnvironmentTemplate, in folder: String) throws(Failure) {
        self.folder = folder
        guard NewEnvironment.exists("\(folder)/\(template.environmentFile)") else { return }
        let own = "\(folder)/environments/\(template.name)"
        let files = ((try? FileManager.default.subpathsOfDirectory(atPath: own)) ?? []).sorted()
        throw Failure(
            "The environment \(template.name) exists; nothing was written", at: own,
            details: files.count > 20 ? files.prefix(20) + ["and \(files.count - 20) more"] : files,
            advice:
                "Go on with it: rz validate \(template.name). To begin it again, remove that folder first; or begin one with "
                + "another name.", kind: .refused)
    }

    /// Writes the files that are missing.
    ///
    /// - Parameters:
    ///   - isFound: whether commands in the current folder find the project by themselves.
    ///   - isDryRun: whether nothing is written.
    ///   - beside: files of a person's in the project that no commit has yet, perhaps.
    /// - Returns: what was written, what stayed, and what is to do.
    func write(
        _ template: EnvironmentTemplate, isFound: Bool, isDryRun: Bool = false, beside: [String] = []
    ) throws(Failure) -> Report {
        var report = Report(name: template.name, folder: folder)
        for file in template.files {
            let isNew =
                try isDryRun ? !NewEnvironment.exists("\(folder)/\(file.path)") : write(file)
            report.files.append((file.path, isNew))
            let text = isNew ? file.text : (try? String(contentsOfFile: "\(folder)/\(file.path)", encoding: .utf8))
            report.places += FillIn.all(in: text ?? "", file: file.path)
        }
        report.next =
            (isFound ? [] : ["cd \(FileProblem.quoted(folder))"]) + (isInRepository ? [] : ["git init"])
            + ["rz validate \(template.name)"]
            + [
                (["git add environments/\(template.name) runbooks"]
                    + beside.compactMap { inProject($0, besides: template.name) })
                    .joined(separator: " "),
                "git commit -m 'Begin \(template.name)'",
                "rz doctor \(template.name)",
                "rz plan \(template.name)",
            ]
        return report
    }

    /// The path from the project's folder, as a shell takes it; nil for a file elsewhere, or of the environment itself.
    private func inProject(_ path: String, besides name: String) -> String? {
        let root = URL(filePath: folder).standardizedFileURL.path + "/"
        guard path.hasPrefix(root), !path.hasPrefix("\(root)environments/\(name)/") else { return nil }
        return FileProblem.quoted(String(path.dropFirst(root.count)))
    }

    /// Under the umask of the person whose project it becomes: it holds no secrets.
    private func write(_ file: EnvironmentTemplate.File) throws(Failure) -> Bool {
        let own = umask(RZ.inheritedMask)
        defer { umask(own) }
        let path = "\(folder)/\(file.path)"
        if NewEnvironment.exists(path) { return false }
        do {
            try FileManager.default.createDirectory(
                at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(file.text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting)
            if file.isExecutable { chmod(path, 0o777 & ~RZ.inheritedMask) }
            return true
        } catch {
            throw Failure(
                "A file can't be written", at: path, details: [FileProblem.reason(of: error)],
                advice: "Make its folder writable, then run the same command: it writes what is missing.")
        }
    }

    /// A link that leads nowhere, too: nothing is written over it.
    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private var isInRepository: Bool {
        var folder = URL(filePath: folder).standardizedFileURL
        while !NewEnvironment.exists(folder.path + "/.git") {
            guard folder.path != "/" else { return false }
            folder = folder.deletingLastPathComponent().standardizedFileURL
        }
        return true
    }

    /// What was done, and what is to do.
    struct Report {
        let name: String
        let folder: String
        var files: [(path: String, isNew: Bool)] = []
        var places: [FillIn] = []
        /// Commands, as a shell takes them.
        var next: [String] = []

        init(name: String, folder: String) {
            self.name = name
            self.folder = folder
        }

        var text: String {
            var lines = files.map { "\($0.isNew ? "wrote" : "kept ") \($0.path)" }
            if !places.isEmpty {
                lines += ["", "Fill in, and remove each mark when it is done:"] + places.map { "  \($0)" }
            }
            return (lines + ["", "Next:"] + next.map { "  \($0)" }).joined(separator: "\n") + "\n"
        }

        var json: JSONObject {
            Answer.object([
                ("environment", .string(name)), ("root", .string(folder)),
                (
                    "files",
                    .array(
                        files.map {
                            .object(JSONObject([("path", .string($0.path)), ("isNew", .bool($0.isNew))]))
                        })
                ),
                (
                    "fillIn",
                    .array(
                        places.map {
                            .object(
                                JSONObject([
                                    ("file", .string($0.file)), ("line", .number(JSONNumber($0.line))),
                                    ("text", .string($0.text)),
                                ]))
                        })
                ),
                ("next", .array(next.map(JSON.string))),
            ])
        }
    }
}
