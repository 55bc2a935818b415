import Foundation
import LoadBalancing
import Migration

extension EpochOwner {
    /// The owner that load balancers know an environment's runs of this home by; made at the first use.
    ///
    /// - Parameter state: rz's own folder for the environment. A copy of it must not act beside the original.
    static func of(_ environment: String, in state: String) throws(Failure) -> EpochOwner {
        let path = state + "/owner"
        if let known = read(path) { return EpochOwner(environment: environment, id: known) }
        // Whole from the first moment, and made by one only: another process may do the same now.
        let temporary = "\(path).\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { unlink(temporary) }
        let id = String(UInt64.random(in: 0 ... .max), radix: 36)
        try? FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        let isWritten = FileManager.default.createFile(
            atPath: temporary, contents: Data((id + "\n").utf8), attributes: [.posixPermissions: 0o600])
        guard isWritten, link(temporary, path) == 0 || errno == EEXIST, let id = read(path) else {
            throw Failure(
                "The file that names this journal to load balancers can't be made", at: path,
                details: [String(cString: strerror(errno))], advice: "Make the folder writable for rz.")
        }
        return EpochOwner(environment: environment, id: id)
    }

    /// Nil for a file that is not there, or names nobody.
    private static func read(_ path: String) -> String? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let id = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return id.isEmpty ? nil : id
    }
}
