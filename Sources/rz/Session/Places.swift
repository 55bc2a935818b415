import Foundation
import Migration

/// Where rz keeps what it knows: `$RZ_HOME`, or `rz` in the XDG state directory
/// (https://specifications.freedesktop.org/basedir-spec).
struct Places: Sendable {
    let home: String

    init(_ variables: [String: String] = ProcessInfo.processInfo.environment) {
        if let home = variables["RZ_HOME"], !home.isEmpty {
            self.home = home.hasPrefix("/") ? home : FileManager.default.currentDirectoryPath + "/" + home
        } else if let state = variables["XDG_STATE_HOME"], state.hasPrefix("/") {
            home = state + "/rz"
        } else {
            home = (variables["HOME"] ?? "/") + "/.local/state/rz"
        }
    }

    /// What drivers keep for an environment: Terraform states, logs.
    func state(of environment: String) -> String { "\(home)/environments/\(environment)" }

    /// What the runs of an environment measured last.
    func telemetry(of environment: String) -> String { state(of: environment) + "/telemetry" }

    /// The copy of the checkout that runs of an environment work from.
    func copy(_ source: PinnedSource, of environment: String) -> String {
        "\(state(of: environment))/source/\(source.copy)"
    }

    /// Names of the environments that have a journal, or whose journal is being repaired.
    var environmentsWithRuns: [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: home + "/journal")) ?? []
        let names = files.compactMap { file in
            [".sqlite", ".sqlite.repairing"].first { file.hasSuffix($0) }.map { String(file.dropLast($0.count)) }
        }
        return Set(names).sorted()
    }
}
