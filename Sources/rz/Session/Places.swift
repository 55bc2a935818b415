import FoundationEssentials
import Glibc
import Migration
import SafeFiles

/// Where rz keeps what it knows: `$RZ_HOME`, or `rz` in the XDG state directory
/// (https://specifications.freedesktop.org/basedir-spec).
public struct Places: Sendable {
    public let home: String

    init(_ variables: [String: String] = ProcessInfo.processInfo.environment) {
        if let home = variables["RZ_HOME"], !home.isEmpty {
            self.home = home.hasPrefix("/") ? home : FileManager.default.currentDirectoryPath + "/" + home
        } else if let state = variables["XDG_STATE_HOME"], state.hasPrefix("/") {
            home = state + "/rz"
        } else {
            home = (variables["HOME"] ?? "/") + "/.local/state/rz"
        }
    }

    /// The places of this process, refused where others may have put what is there: rz runs what it finds in them.
    ///
    /// - Throws: `Failure` (kind `.refused`) with a way to fix it.
    public static func trusted() throws(Failure) -> Places {
        let places = Places()
        do throws(FileProblem) {
            for folder in ["", "/journal", "/environments", "/sandbox"] {
                try TrustedFolder.requireOwn(places.home + folder)
            }
        } catch {
            throw Failure(
                "rz's own folder can't be trusted", at: places.home, details: [error.description],
                advice: error.advice
                    ?? "Run rz as the user whose folder it is, or give rz one of its own: export RZ_HOME=…",
                kind: .refused)
        }
        return places
    }

    /// What drivers keep for an environment: Terraform states, logs.
    public func state(of environment: String) -> String { "\(home)/environments/\(environment)" }

    /// What the runs of an environment measured last.
    func telemetry(of environment: String) -> String { state(of: environment) + "/telemetry" }

    /// The copy of the checkout that runs of an environment work from.
    func copy(_ source: PinnedSource, of environment: String) -> String {
        "\(state(of: environment))/source/\(source.copy)"
    }
}
