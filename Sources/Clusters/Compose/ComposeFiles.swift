import Foundation
import JSON
import Migration
import YAML

/// The compose files of an environment: each is a project, named like the file.
enum ComposeFiles {
    /// Every service of the files that match, in the order of their ids. They are few and small, and on a local disk.
    ///
    /// - Throws: `Failure` with the file and the line or path of what can't be read.
    static func services(in folder: String, _ patterns: [String]) throws(Failure) -> [ComposeService] {
        var files: [String: String] = [:]
        for path in paths(in: folder) where patterns.contains(where: { matches(path, pattern: $0) }) {
            let project = String((path.split(separator: "/").last ?? "").split(separator: ".").first ?? "")
            if let other = files.updateValue(path, forKey: project) {
                throw Failure("Two compose files are the project \(project)", at: path, details: [other])
            }
        }
        guard !files.isEmpty else {
            throw Failure(
                "No compose file matches \(patterns.joined(separator: ", "))", at: folder,
                advice: "Correct `files` of this source in environment.yaml.")
        }
        var services: [ComposeService] = []
        for (project, path) in files.sorted(by: { $0.key < $1.key }) {
            let text: String
            do {
                text = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
            } catch {
                throw Failure("The compose file can't be read", at: path, details: [error.localizedDescription])
            }
            services += try self.services(text, project: project, file: path)
        }
        return services.sorted { $0.id < $1.id }
    }

    /// The services of one file.
    static func services(_ text: String, project: String, file: String) throws(Failure) -> [ComposeService] {
        let isName = project.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
        guard isName, !project.isEmpty, !["tasks", "framework"].contains(project) else {
            throw Failure(
                "mesos-compose can't have a project “\(project)”", at: file,
                advice: "Rename the file: letters, digits, - and _; not tasks and not framework.")
        }
        let document: JSON
        do throws(YAMLError) {
            document = try JSON(yaml: text)
        } catch {
            throw Failure("The compose file is no YAML", at: file, details: [error.description])
        }
        guard let declared = document["services"]?.object, !declared.isEmpty else {
            throw Failure("The compose file has no services", at: "\(file): services")
        }
        for key in ["networks", "volumes"] {
            guard let value = document[key], !value.isNull, value.object == nil else { continue }
            throw Failure("mesos-compose does not take this: \(key) is a map", at: "\(file): \(key)")
        }
        var services: [ComposeService] = []
        for (name, service) in declared {
            try ComposeDialect.check(service, at: "services.\(name)", in: file)
            services.append(
                ComposeService(project: project, name: name, service: service.object ?? JSONObject(), file: document))
        }
        return services
    }

    private static func paths(in folder: String) -> [String] {
        guard let all = FileManager.default.enumerator(atPath: folder) else { return [] }
        return all.compactMap { $0 as? String }.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
    }
}
