import FoundationEssentials
import Glibc
import JSON
import Migration
import SafeFiles
import YAML

extension ServiceSource.Compose {
    /// Everything that is wrong with its files, file by file; nothing is asked of mesos-compose.
    ///
    /// - Parameter folder: the environment's.
    public func fileProblems(in folder: String) -> [Failure] { ComposeFiles(folder: folder).problems(self) }
}

/// The compose files of an environment. A file is a project named like it, unless its project is said.
struct ComposeFiles {
    let folder: String

    /// Every service of the files that match, in the order of their ids. They are few and small, and on a local disk.
    ///
    /// - Throws: `Failure` with the file and the line or path of what can't be read.
    func services(_ source: ServiceSource.Compose) throws(Failure) -> [ComposeService] {
        let projects = (source.projects ?? [:]).sorted { $0.key < $1.key }
        var services: [ServiceID: (service: ComposeService, path: String)] = [:]
        for patterns in [source.files] + projects.map(\.value) where !patterns.isEmpty {
            guard paths.contains(where: { path in patterns.contains { matchesWildcard(path, pattern: $0) } }) else {
                throw Failure(
                    "No compose file matches \(patterns.joined(separator: ", "))", at: folder,
                    advice: "Correct `files` or `projects` of this source in environment.yaml.")
            }
        }
        for path in paths {
            let project = projects.first { project in project.value.contains { matchesWildcard(path, pattern: $0) } }?
                .key
            guard project != nil || source.files.contains(where: { matchesWildcard(path, pattern: $0) }) else {
                continue
            }
            let name = project ?? ComposeFiles.project(named: path)
            for service in try ComposeFiles.services(try text(path), project: name, file: path) {
                guard let other = services.updateValue((service, path), forKey: service.id) else { continue }
                throw Failure(
                    "Two compose files have a service \(service.id)", at: path, details: [other.path],
                    advice: "Remove it from one of the two, or give one another project under `projects`.")
            }
        }
        return services.values.map(\.service).sorted { $0.id < $1.id }
    }

    /// The services of one file.
    static func services(_ text: String, project: String, file: String) throws(Failure) -> [ComposeService] {
        let isName = project.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
        guard isName, !project.isEmpty, !["tasks", "framework"].contains(project) else {
            throw Failure(
                "mesos-compose can't have a project “\(project)”", at: file,
                advice: "Name its project under `projects` of this source: letters, digits, - and _; not tasks and "
                    + "not framework.")
        }
        let tree: YAMLTree
        do throws(YAMLError) {
            tree = try YAMLTree(yaml: text, merging: true)
        } catch {
            if error.message.contains("another document") {
                throw Failure(
                    "rz does not take a second document in a compose file: mesos-compose reads the first only",
                    at: file, details: [error.description])
            }
            throw Failure("The compose file is not valid YAML", at: file, details: [error.description])
        }
        let document = try ComposeDialect(file: file).document(tree)
        guard let declared = document["services"]?.object else {
            throw Failure("The compose file has no services", at: "\(file): services")
        }
        return declared.map { name, service in
            ComposeService(project: project, name: name, service: service.object ?? JSONObject(), file: document)
        }
    }

    /// Everything that is wrong with the files of a source, file by file.
    func problems(_ source: ServiceSource.Compose) -> [Failure] {
        let projects = (source.projects ?? [:]).sorted { $0.key < $1.key }
        let patterns = source.files + projects.flatMap(\.value)
        var failures: [Failure] = []
        for path in paths where patterns.contains(where: { matchesWildcard(path, pattern: $0) }) {
            let project = projects.first { project in project.value.contains { matchesWildcard(path, pattern: $0) } }
            let name = project?.key ?? ComposeFiles.project(named: path)
            do throws(Failure) {
                _ = try ComposeFiles.services(try text(path), project: name, file: path)
            } catch {
                failures.append(error)
            }
        }
        guard failures.isEmpty else { return failures }
        // What only all files together show.
        do throws(Failure) { _ = try services(source) } catch { failures.append(error) }
        return failures
    }

    /// Its file's, up to the first dot.
    private static func project(named path: String) -> String {
        String((path.split(separator: "/").last ?? "").split(separator: ".").first ?? "")
    }

    private func text(_ path: String) throws(Failure) -> String {
        do {
            return try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
        } catch {
            throw Failure("The compose file can't be read", at: path, details: [FileProblem.reason(of: error)])
        }
    }

    private var paths: [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
    }
}
