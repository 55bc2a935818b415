import Foundation
import Migration

/// A folder with `environments/` and `runbooks/`.
public struct ProjectFolder: Sendable {
    /// Absolute path.
    public let root: String

    /// - Parameter root: the folder itself; nil searches upward from the current one.
    /// - Throws: `Failure` when there is none.
    public init(root: String?) throws(Failure) {
        let start = URL(filePath: root ?? FileManager.default.currentDirectoryPath).standardizedFileURL
        var folder = start
        while true {
            if FileManager.default.fileExists(atPath: folder.appending(path: "environments").path) {
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

    public func environmentFolder(_ name: String) -> String { "\(root)/environments/\(name)" }

    /// Names of all environments.
    public func environments() throws(Failure) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/environments")) ?? []
        return names.filter { FileManager.default.fileExists(atPath: environmentFolder($0) + "/environment.yaml") }
            .sorted()
    }

    /// - Throws: `Failure` that names the known environments when there is none of this name.
    public func requireEnvironment(_ name: String) throws(Failure) {
        let known = try environments()
        guard !known.contains(name) else { return }
        let meant = nearest(name, in: known).map { "Did you mean \($0)? " } ?? ""
        throw Failure(
            "There is no environment \(name)", at: environmentFolder(name) + "/environment.yaml",
            details: known.isEmpty ? [] : ["known: \(known.joined(separator: ", "))"],
            advice: meant + "Begin one with: rz init \(name).")
    }

    /// Reads an environment.
    ///
    /// - Throws: `ConfigurationError` with everything that is wrong with the file, `Failure` when there is none.
    public func environment(_ name: String) throws -> Environment {
        let file = "environments/\(name)/environment.yaml"
        try requireEnvironment(name)
        guard let text = try? String(contentsOfFile: "\(root)/\(file)", encoding: .utf8) else {
            throw Failure(
                "The environment can't be read", at: "\(root)/\(file)", advice: "Is it text, and readable by this user?"
            )
        }
        var reader = Reader(file: file)
        let environment = reader.read(text, as: EnvironmentFormat.shape).map {
            EnvironmentFormat.environment($0, &reader)
        }
        if let environment, reader.problems.isEmpty, environment.name != name {
            reader.problem("the environment is named \"\(environment.name)\", its folder \"\(name)\"", 1, 1)
        }
        guard let environment, reader.problems.isEmpty else { throw ConfigurationError(reader.problems) }
        return environment
    }

    /// Reads a runbook.
    ///
    /// - Throws: `ConfigurationError` with everything that is wrong with the file, `Failure` when there is none.
    public func runbook(_ name: String) throws -> Runbook {
        let file = "runbooks/\(name).yaml"
        guard let text = try? String(contentsOfFile: "\(root)/\(file)", encoding: .utf8) else {
            let files = (try? FileManager.default.contentsOfDirectory(atPath: root + "/runbooks")) ?? []
            let known = files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
            throw Failure(
                "There is no runbook \(name)", at: "\(root)/\(file)",
                details: known.isEmpty ? [] : ["known: \(known.joined(separator: ", "))"],
                advice: nearest(name, in: known).map { "Did you mean \($0)?" } ?? "Copy rz-update.yaml and change it.")
        }
        var reader = Reader(file: file)
        let runbook = reader.read(text, as: RunbookFormat.shape).map { RunbookFormat.runbook($0, &reader) }
        guard let runbook, reader.problems.isEmpty else { throw ConfigurationError(reader.problems) }
        return runbook
    }
}

/// What only both files together tell: a destroy must have an approval, or a reason why it needs none.
///
/// - Throws: `ConfigurationError`.
public func validate(_ runbook: Runbook, with environment: Environment) throws(ConfigurationError) {
    var messages: [String] = []
    let steps = runbook.phases[.tearDown]?.steps ?? []
    let destroys = steps.firstIndex { $0.work == .builtIn(.destroy) }
    let isAsked = steps.prefix(destroys ?? 0).contains { if case .approval = $0.work { true } else { false } }
    switch environment.approvals[.tearDown] {
    case .waived?: break
    case .count(let count)? where count > 0: break
    default:
        if !isAsked {
            messages.append(
                "tearDown destroys servers and nobody has to approve; set `approvals: { tearDown: 1 }` in the environment, or `tearDown: { waived: \"the reason\" }`"
            )
        }
    }
    if environment.configure != nil,
        !(runbook.phases[.configure]?.steps.contains { $0.work == .builtIn(.configuration) } ?? false)
    {
        messages.append("the environment configures servers, but no step uses `configuration`")
    }
    guard messages.isEmpty else {
        throw ConfigurationError(
            messages.map { .init(file: "runbooks/\(runbook.name).yaml", line: 0, column: 0, message: $0) })
    }
}
