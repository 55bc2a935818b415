import FoundationEssentials
import Glibc
import Migration
import Operations
import Planning
import Reporting

/// A run moved to another commit: its plan from there on, and what that changes.
struct Repinning {
    let project: Project
    let plan: Plan
    let commit: String
    /// For people, before they say yes.
    let text: String

    /// Reads the commit and compares; changes nothing but that it keeps a copy of the commit.
    ///
    /// - Throws: `Failure` of kind `.refused` when the run can't go on from there.
    init(_ old: Plan, _ state: RunState, to revision: String, root: String?) async throws {
        let name = old.environment.name
        let places = try Places.trusted()
        let before = places.copy(old.source, of: name)
        let isThere = FileManager.default.fileExists(atPath: before)
        project = try await Project.load(name, at: revision, root: root)
        let source = project.source
        commit = source.commit ?? revision
        if isThere, commit == old.source.commit, old.source.changed.isEmpty {
            throw Failure(
                "\(state.run) works from commit \(commit.prefix(12)) already",
                advice: "Go on with: \(Advice.resume(name)).", kind: .refused)
        }
        if project.environment.git.requireSigned, !source.isSigned {
            throw Failure(
                "Commit \(commit.prefix(12)) has no signature that can be verified", at: "git.requireSigned",
                advice: "Sign it, or choose a signed one.", kind: .refused)
        }
        plan = try await project.planner(try Operation.of(old)).plan(
            old, movedTo: source, in: state, at: SystemClock().now)
        let files =
            isThere
            ? Repinning.changedFiles(before, places.copy(source, of: name))
            : ["the old copy is gone, so its files can't be compared"]
        text = Repinning.text(old, state, plan, files, try old.differences(to: plan))
    }

    private static func text(
        _ old: Plan, _ state: RunState, _ new: Plan, _ files: [String], _ differences: [String]
    ) -> String {
        func commit(_ source: PinnedSource) -> String {
            (source.commit.map { "commit \($0.prefix(7))" } ?? "no commit")
                + (source.changed.isEmpty ? "" : " with changed files")
        }
        var lines = [
            "\(state.run) of \(old.environment.name), in \(state.phase): from \(commit(old.source)) "
                + "to \(commit(new.source))",
            "", files.isEmpty ? "No file changes." : "Files that change:",
        ]
        lines += files.map { "  \($0)" }
        lines += ["", differences.isEmpty ? "No step and no policy changes." : "What changes in steps and policy:"]
        lines += differences.map { "  \($0)" }
        lines += ["", "What is done stays. Left to do:"]
        let asked = state.approvals.isEmpty ? "" : "Approvals that were given are asked for again.\n"
        return lines.joined(separator: "\n") + "\n" + RemainingSteps(new, state).text + asked
    }

    /// Files that differ between two pinned copies, relative to them.
    private static func changedFiles(_ before: String, _ after: String) -> [String] {
        let files = FileManager.default
        func names(_ folder: String) -> Set<String> {
            Set(
                ((try? files.subpathsOfDirectory(atPath: folder)) ?? []).filter { name in
                    var isFolder = false
                    return files.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder) && !isFolder
                })
        }
        let (old, new) = (names(before), names(after))
        return old.union(new).sorted().compactMap { name in
            if !new.contains(name) { return "\(name): removed" }
            if !old.contains(name) { return "\(name): new" }
            return files.contentsEqual(atPath: "\(before)/\(name)", andPath: "\(after)/\(name)")
                ? nil : "\(name): changed"
        }
    }
}
