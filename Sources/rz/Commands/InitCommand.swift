import ArgumentParser
import FoundationEssentials
import Glibc
import Migration
import SafeFiles

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Begin an environment: a folder to fill in, and the runbook if there is none.",
        discussion: """
            Writes nothing over: a file that is there stays as it is.

              rz init shop
            """)

    @Argument(help: "The name of the environment: lower-case letters, digits and dashes.")
    var name: String

    @Option(name: .long, help: ArgumentHelp("The folder to begin it in; by default the current one.", valueName: "dir"))
    var root: String?

    func validate() throws {
        guard name.first?.isLetter == true,
            name.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") })
        else { throw ValidationError("A name has lower-case letters, digits and dashes, and begins with a letter.") }
    }

    func run() async throws {
        try await exiting {
            let root = root ?? FileManager.default.currentDirectoryPath
            let files = [
                (
                    "environments/\(name)/environment.yaml",
                    Template.environment.replacing("NAME", with: name)
                ),
                ("environments/\(name)/terraform/servers/main.tf", Template.servers),
                ("environments/\(name)/ansible/site.yaml", Template.playbook),
                ("runbooks/rz-update.yaml", Template.runbook),
            ]
            for (path, text) in files {
                let isNew = try InitCommand.write(text, to: "\(root)/\(path)")
                Terminal.standardOutput.write("\(isNew ? "wrote" : "kept ") \(path)\n")
            }
            Terminal.standardOutput.write(
                "\nFill in what is marked <…>, then: rz validate \(name), rz doctor \(name), rz plan \(name)\n")
            return .done
        }
    }

    /// Under the umask of the person whose project it becomes: it holds no secrets.
    private static func write(_ text: String, to path: String) throws -> Bool {
        let own = umask(RZ.inheritedMask)
        defer { umask(own) }
        if FileManager.default.fileExists(atPath: path) { return false }
        do {
            try FileManager.default.createDirectory(
                at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting)
            return true
        } catch {
            throw Failure("A file can't be written", at: path, details: [FileProblem.reason(of: error)])
        }
    }
}
