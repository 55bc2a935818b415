import Foundation
import Migration
import Testing

@testable import Provisioning

/// A folder that is gone when the work is done, however it ends.
func withFolder(_ work: (Folder) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path + "/rz-test-" + UUID().uuidString
    let folder = Folder(path: path)
    // As rz does at its start: what it then writes is its own, whatever the umask of who runs the tests.
    umask(0o077)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer {
        // Nothing is left to end when a test went well.
        for process in processes(path) { kill(process, SIGKILL) }
        try? FileManager.default.removeItem(atPath: path)
    }
    try await work(folder)
}

struct Folder: Sendable {
    let path: String

    subscript(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func write(_ name: String, _ text: String, executable: Bool = false) throws -> String {
        let file = self[name]
        let parent = (file as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        if executable { try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file) }
        return file
    }

    func text(_ name: String) -> String? { try? String(contentsOfFile: self[name], encoding: .utf8) }
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: self[name]) }

    /// Every file below, relative.
    var files: [String] { (FileManager.default.subpaths(atPath: path) ?? []).sorted() }

    /// The files below in which a text stands, whatever they are.
    func files(containing text: String) -> [String] {
        let needle = Data(text.utf8)
        return files.filter { FileManager.default.contents(atPath: self[$0])?.range(of: needle) != nil }
    }
}

/// What a driver reported.
actor Lines {
    private(set) var all: [String] = []
    func append(_ line: String) { all.append(line) }
    nonisolated var report: Report { { line in await self.append(line) } }
    func contain(_ text: String) -> Bool { all.contains { $0.contains(text) } }
}

/// The failure that some work ends with.
func failure(
    of work: () async throws -> Void, location: SourceLocation = #_sourceLocation
) async throws -> Failure {
    do {
        try await work()
    } catch let failure as Failure {
        return failure
    }
    Issue.record("the work did not fail", sourceLocation: location)
    throw CancellationError()
}

/// Resolves `${env:NAME}` from a fixed list.
func resolver(_ secrets: [String: String] = [:]) -> Resolver {
    { setting throws(Failure) in
        var text = ""
        for part in setting.parts {
            switch part {
            case .text(let literal): text += literal
            case .reference(_, let name): text += secrets[name.text] ?? ""
            }
        }
        return text
    }
}

/// A program of this machine, or nil.
func program(_ name: String) -> String? {
    let repository = (#filePath as NSString).deletingLastPathComponent + "/../../../.venv/bin"
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return ([repository] + path.split(separator: ":").map(String.init)).map { $0 + "/" + name }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}

let terraformBinary = program("terraform") ?? program("tofu")
let ansibleBinary = program("ansible-playbook")

/// Whether a process runs whose command line holds a text.
func isRunning(_ text: String) -> Bool { !processes(text).isEmpty }

private func processes(_ text: String) -> [pid_t] {
    Files.names(in: "/proc").compactMap { pid_t($0) }.filter { process in
        process != getpid() && Files.textIfThere("/proc/\(process)/cmdline")?.contains(text) == true
    }
}
