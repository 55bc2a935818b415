import Migration
import SafeFiles

/// Reads the reports of tools: from a file of the pinned commit, or by running the tool on a copy of it.
public struct ReportReader: Sendable {
    private let project: String
    private let environment: String
    private let inherited: InheritedEnvironment

    /// - Parameters:
    ///   - project: the folder of a pinned copy.
    ///   - environment: the environment's folder in it, relative.
    public init(
        project: String, environment: String, inherited: InheritedEnvironment = InheritedEnvironment()
    ) {
        self.project = project
        self.environment = environment
        self.inherited = inherited
    }

    /// In bytes; a longer report is cut nowhere: it counts as absent.
    private static let largest = OutputFile.largest

    public func read(_ rule: ReportRule) async -> ReportFinding {
        do throws(Failure) {
            switch rule.origin {
            case .file(let file):
                return try SARIF.finding(in: try contents(of: "\(project)/\(environment)/\(file)", file))
            case .program(let words, let file):
                let folder = try Files.makeTemporaryFolder()
                defer { Files.removeFolder(folder) }
                return try await finding(of: words, writing: file, in: folder, rule.timeout)
            }
        } catch {
            return .absent(reason: ([error.summary] + error.details.prefix(2)).joined(separator: ": "))
        }
    }

    /// - Parameter file: its name for people.
    private func contents(of path: String, _ file: String) throws(Failure) -> String {
        let bytes: [UInt8]
        do throws(FileProblem) {
            bytes = try FileContents.read(path, limit: ReportReader.largest + 1)
        } catch {
            throw Failure("\(file) can't be read", details: [error.reason])
        }
        guard bytes.count <= ReportReader.largest else { throw Failure("\(file) is larger than a report may be") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A tool that finds something ends with a status of its own, which says little without what it wrote.
    ///
    /// It works on a copy: tools keep notes beside what they read, and a run's own copy has to stay as it was pinned.
    ///
    /// - Parameters:
    ///   - file: what the tool writes its report to; nil for its standard output.
    ///   - folder: an empty one.
    private func finding(
        of words: [String], writing file: String?, in folder: String, _ limit: Period
    ) async throws(Failure) -> ReportFinding {
        let reports = "\(folder)/reports"
        let words = words.map { $0.replacing(ReportRule.folderWord, with: reports) }
        guard let program = words.first else { throw Failure("`run` names no program") }
        let copy = "\(folder)/project"
        try await self.copy(to: copy)
        try Files.makeFolder(reports)
        let command = Command(
            program, Array(words.dropFirst()), environment: inherited.variables, folder: "\(copy)/\(environment)",
            deadline: limit)
        let (output, errors) = (try OutputFile(), try OutputFile())
        let end = try await ChildProcess(command).run(output: output, errors: errors)
        try end.refuseStopped(command)
        let written = file.map { "\(reports)/\($0)" }
        let text =
            if let file, let written {
                Files.exists(written) ? try contents(of: written, file) : ""
            } else {
                try output.wholeText(at: command.name)
            }
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw Failure("\(command.name) wrote no report: \(end.words)", details: errors.lastLines(1))
        }
        let finding = try SARIF.finding(in: text)
        guard case .exited(let status) = end.status, case .read(var report) = finding else { return finding }
        report.exitStatus = Int(status)
        return .read(report)
    }

    private func copy(to folder: String) async throws(Failure) {
        let command = Command("cp", ["-a", project, folder], environment: inherited.variables, folder: "/")
        let output = try OutputFile()
        let end = try await ChildProcess(command).run(output: output)
        try end.refuseStopped(command)
        guard end.isSuccess else {
            throw Failure("The pinned copy can't be copied: \(end.words)", details: output.lastLines(1))
        }
    }
}
