import Glibc
import Migration

/// The text files of a folder, to be copied into an environment. Only read.
public struct ProjectFiles: Sendable {
    /// One of them.
    public struct File: Sendable, Hashable {
        public var text: String
        public var isExecutable: Bool
    }

    /// By path below the folder.
    public private(set) var files: [String: File] = [:]
    /// What is not copied: links, keys, and files that are no text.
    public private(set) var leftOut: [String] = []
    private let folder: String

    /// Above this it is no module and no playbook but a checkout, which is not copied unasked.
    private static let mostFiles = 500
    private static let largestFile = 1 << 20

    public init(of folder: String) throws(Failure) {
        self.folder = folder
        try collect("")
    }

    private mutating func collect(_ path: String) throws(Failure) {
        for name in Files.names(in: folder + "/" + path) where !ProjectFiles.staysBehind(name) {
            let place = "\(folder)/\(path)\(name)"
            if Files.linkTarget(place) != nil || ProjectFiles.looksLikeKey(name) {
                leftOut.append(path + name)
            } else if Files.isFolder(place) {
                try collect("\(path)\(name)/")
            } else if let bytes = try? Files.bytes(place), bytes.count < ProjectFiles.largestFile,
                let text = String(validating: bytes, as: UTF8.self)
            {
                files[path + name] = File(text: text, isExecutable: access(place, X_OK) == 0 && isExecutable(place))
            } else {
                leftOut.append(path + name)
            }
            guard files.count <= ProjectFiles.mostFiles else {
                throw Failure(
                    "The folder holds more than \(ProjectFiles.mostFiles) files, which are not copied unasked",
                    at: folder, advice: "Name a folder that holds the root module, or the playbook, and little else.")
            }
        }
    }

    /// Root may execute what no one may.
    private func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o111 != 0
    }

    /// What is meant for one host, and not for a repository.
    private static func looksLikeKey(_ name: String) -> Bool {
        name == ".env" || name.hasPrefix("id_") && !name.hasSuffix(".pub")
            || [".pem", ".key", ".p12", ".pfx", ".jks", ".kdbx"].contains { name.lowercased().hasSuffix($0) }
    }

    /// States and values of variables, which hold secrets, and what tools keep for themselves.
    private static func staysBehind(_ name: String) -> Bool {
        [".terraform", ".git", ".venv"].contains(name) || [".tfplan", ".retry"].contains { name.hasSuffix($0) }
            || [".tfstate", ".tfvars", "vault_pass", "vault-pass"].contains { name.contains($0) }
    }
}
