import FoundationEssentials
import Glibc
import Migration
import SafeFiles

/// A folder with `environments/` and `runbooks/`.
public struct ProjectFolder: Sendable {
    /// Absolute path.
    public let root: String

    /// - Parameters:
    ///   - root: the folder itself; nil searches upward.
    ///   - start: where the search begins; by default the current folder.
    /// - Throws: `Failure` when there is none.
    public init(root: String?, searchingFrom start: String? = nil) throws(Failure) {
        let path = root ?? start ?? FileManager.default.currentDirectoryPath
        let start = URL(filePath: path).standardizedFileURL
        var folder = start
        while true {
            if ProjectFolder.isFolder(folder.appending(path: "environments").path) {
                self.root = folder.path
                return
            }
            guard root == nil, folder.path != "/" else { break }
            folder = folder.deletingLastPathComponent().standardizedFileURL
        }
        throw Failure(
            "There is no folder `environments` here" + (root == nil ? " or above" : ""), at: start.path,
            advice: "Go to the checkout that holds it, name it with --root, or begin one with: rz init NAME.")
    }

    /// The known name that is nearest to a mistyped one, if it is near enough to be meant.
    public static func nearest(_ name: String, in known: [String]) -> String? { Runbooks.nearest(name, in: known) }

    public func environmentFolder(_ name: String) -> String { "\(root)/environments/\(name)" }

    /// Names of all environments, in alphabetical order.
    public func environments() throws(Failure) -> [String] {
        try names(in: "environments").filter {
            FileManager.default.fileExists(atPath: environmentFolder($0) + "/environment.yaml")
        }
    }

    /// Names of all runbooks, in alphabetical order.
    public func runbooks() throws(Failure) -> [String] {
        guard ProjectFolder.isFolder("\(root)/runbooks") else { return [] }
        return try names(in: "runbooks").filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
    }

    /// - Throws: `Failure` that names the known environments when there is none of this name.
    public func requireEnvironment(_ name: String) throws(Failure) {
        let known = try environments()
        guard known.contains(name) else {
            throw unknown("environment", name, known, otherwise: "Begin one with: rz init \(name).")
        }
    }

    /// Reads an environment.
    ///
    /// - Throws: `ConfigurationError` with everything that is wrong with the file, `Failure` when there is none.
    public func environment(_ name: String) throws -> Environment {
        try requireEnvironment(name)
        let (environment, problems) = try readEnvironment(name)
        guard let environment, problems.isEmpty else { throw ConfigurationError(problems) }
        return environment
    }

    /// What could be read of an environment; to be used only for what the problems are not about.
    func readEnvironment(
        _ name: String
    ) throws(Failure) -> (environment: Environment?, problems: [ConfigurationError.Problem]) {
        let file = "environments/\(name)/environment.yaml"
        var reader = Reader(file: file)
        let value = reader.read(try text(of: file), as: EnvironmentFormat.shape)
        let environment = value.map { EnvironmentFormat.environment($0, &reader) }
        checkName(value, is: name, "the environment's folder", &reader)
        return (environment, reader.problems)
    }

    /// Reads a runbook.
    ///
    /// - Throws: `ConfigurationError` with everything that is wrong with the file, `Failure` when there is none.
    public func runbook(_ name: String) throws -> Runbook {
        let known = try runbooks()
        guard known.contains(name) else {
            throw unknown("runbook", name, known, otherwise: "Copy rz-update.yaml and change it.")
        }
        let file = "runbooks/\(name).yaml"
        var reader = Reader(file: file)
        let value = reader.read(try text(of: file), as: RunbookFormat.shape)
        var parts = parts
        let runbook = value.map { RunbookFormat.runbook(parts.expand($0, &reader), &reader) }
        checkName(value, is: name, "the file", &reader)
        guard let runbook, reader.problems.isEmpty else { throw ConfigurationError(reader.problems) }
        return runbook
    }

    private var parts: RunbookParts {
        RunbookParts { name, place, reader in
            let file = PartFormat.file(name)
            let text: String
            do throws(Failure) { text = try self.text(of: file) } catch {
                let known = partNames
                let reason = error.details.first ?? error.summary
                reader.problem(
                    known.contains(name)
                        ? "the part \(name) can't be read: \(reason)"
                        : "there is no part \(name); known: "
                            + (known.isEmpty ? "none" : known.joined(separator: ", ")),
                    at: place, suggestion: known.contains(name) ? nil : Runbooks.nearest(name, in: known))
                return nil
            }
            var own = Reader(file: file)
            let value = own.read(text, as: PartFormat.shape)
            checkName(value, is: name, "the file", &own)
            reader.take(own.problems)
            return value?.placed(in: file)
        }
    }

    private var partNames: [String] {
        ((try? names(in: "runbooks/parts")) ?? []).filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
    }

    // MARK: - Files

    private func checkName(_ value: Value?, is name: String, _ what: String, _ reader: inout Reader) {
        guard let given = value?["name"], given.text != name else { return }
        reader.problem("the name is \"\(given.text)\", but \(what) is called \"\(name)\"", at: given)
    }

    private func unknown(_ kind: String, _ name: String, _ known: [String], otherwise: String) -> Failure {
        Failure(
            "There is no \(kind) \(name)", at: "\(root)/\(kind)s",
            details: ["known: \(known.isEmpty ? "none" : known.joined(separator: ", "))"],
            advice: ProjectFolder.nearest(name, in: known).map { "Did you mean \($0)?" } ?? otherwise)
    }

    private func text(of file: String) throws(Failure) -> String {
        do {
            let data = try Data(contentsOf: URL(filePath: "\(root)/\(file)"))
            if let text = String(validating: data, as: UTF8.self) { return text }
        } catch {
            throw Failure(
                "A file can't be read", at: "\(root)/\(file)", details: [FileProblem.reason(of: error)],
                advice: "Check that it is a file, readable by this user.")
        }
        throw Failure("A file is not UTF-8 text", at: "\(root)/\(file)", advice: "Save it in UTF-8.")
    }

    private func names(in folder: String) throws(Failure) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").sorted()
        } catch {
            throw Failure("A folder can't be read", at: "\(root)/\(folder)", details: [FileProblem.reason(of: error)])
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
    }
}
