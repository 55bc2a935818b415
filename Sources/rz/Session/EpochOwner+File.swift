import FoundationEssentials
import Glibc
import LoadBalancing
import Migration
import SafeFiles

extension EpochOwner {
    /// The owner that load balancers know an environment's runs of this home by; made at the first use.
    ///
    /// - Parameter state: rz's own folder for the environment. A copy of it must not act beside the original.
    static func of(_ environment: String, in state: String) throws(Failure) -> EpochOwner {
        let path = state + "/owner"
        if let known = read(path) { return EpochOwner(environment: environment, id: known) }
        // Whole from the first moment, and made by one only: another process may do the same now.
        try? FileManager.default.createDirectory(
            atPath: state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        do throws(FileProblem) {
            let file = try FileReplacement(of: path)
            try file.write("\(String(UInt64.random(in: 0 ... .max), radix: 36))\n".utf8)
            _ = try file.commitIfNew()
            guard let id = read(path) else { throw FileProblem("read \(path)", reason: "it names no owner") }
            return EpochOwner(environment: environment, id: id)
        } catch {
            throw Failure(
                "The file that names this journal to load balancers can't be made", at: path,
                details: [error.reason], advice: error.advice ?? "Make the folder writable for rz.")
        }
    }

    /// The same for those who only look; where none was made yet, one that no load balancer knows.
    static func known(_ environment: String, in state: String) -> EpochOwner {
        EpochOwner(environment: environment, id: read(state + "/owner") ?? "none")
    }

    /// Nil for a file that is not there, or names no one.
    private static func read(_ path: String) -> String? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return text.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
}
