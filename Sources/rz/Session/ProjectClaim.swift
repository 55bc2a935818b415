import FoundationEssentials
import Migration
import Provisioning
import SafeFiles

/// Which project an environment's states and runs in this home belong to. Written when its first run begins.
struct ProjectClaim {
    let environment: String
    let path: String
    let repository: GitRepository

    /// - Parameter places: those of rz.
    init(_ environment: String, _ repository: GitRepository, _ places: Places) {
        self.environment = environment
        self.repository = repository
        path = places.state(of: environment) + "/project.json"
    }

    /// - Throws: `Failure` (kind `.refused`) when another project has an environment of this name here.
    func refuseOther() async throws {
        guard let owner = try owner() else { return }
        let own = try await repository.observeIdentity()
        guard !own.isSame(as: owner) else { return }
        throw Failure(
            "The environment \(environment) in this home of rz belongs to another project", at: path,
            details: ["it is that of \(ProjectClaim.words(owner))", "this is \(ProjectClaim.words(own))"],
            advice:
                "Use a home for each: export RZ_HOME=FOLDER. If it is the same project, or the other no longer exists: "
                + "rm \(FileProblem.quoted(path))", kind: .refused)
    }

    /// Writes down that this project has it, unless one has.
    func make() async throws {
        guard try owner() == nil else { return try await refuseOther() }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(try await repository.observeIdentity()), as: UTF8.self)
        do throws(FileProblem) {
            let file = try FileReplacement(of: path)
            try file.write((text + "\n").utf8)
            guard try !file.commitIfNew() else { return }
        } catch {
            throw Failure(
                "Which project the environment belongs to can't be written", at: path, details: [error.reason],
                advice: error.advice)
        }
        try await refuseOther()
    }

    private func owner() throws -> ProjectIdentity? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(ProjectIdentity.self, from: data)
        } catch {
            throw Failure(
                "The file that says which project the environment belongs to can't be read", at: path,
                advice: "If it belongs to this project: rm \(FileProblem.quoted(path))", kind: .refused)
        }
    }

    private static func words(_ project: ProjectIdentity) -> String {
        project.folder + (project.origin.map { " (origin \($0))" } ?? "")
    }
}
