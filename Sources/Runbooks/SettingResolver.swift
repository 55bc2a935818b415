import Foundation
import Migration

/// Turns settings into their texts, and remembers which of them are secrets.
///
/// Sendable: what it remembers is guarded by `lock`.
public final class SettingResolver: @unchecked Sendable {
    private let environmentFolder: String
    private let rzHome: String
    private let variables: [String: String]
    private let lock = NSLock()
    private var known = Secrets()

    /// - Parameters:
    ///   - environmentFolder: what paths of files are relative to.
    ///   - variables: the environment variables that `${env:…}` reads.
    public init(
        environmentFolder: String, rzHome: String, variables: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.environmentFolder = environmentFolder
        self.rzHome = rzHome
        self.variables = variables
    }

    /// Everything that was resolved so far and must be shown to nobody.
    public var secrets: Secrets { lock.withLock { known } }

    public var resolver: Resolver { { setting throws(Failure) in try self.resolve(setting) } }

    /// - Throws: `Failure` that names the variable or the file that is missing.
    public func resolve(_ setting: Setting) throws(Failure) -> String {
        var text = ""
        for part in setting.parts {
            switch part {
            case .text(let literal): text += literal
            case .reference(let source, let name): text += try value(source, try resolve(name))
            }
        }
        return text
    }

    private func value(_ source: String, _ name: String) throws(Failure) -> String {
        switch source {
        case "rz" where name == "home":
            return rzHome
        case "env":
            guard let value = variables[name], !value.isEmpty else {
                throw Failure(
                    "The environment variable \(name) is not set", at: "${env:\(name)}",
                    advice: "Set it, for example with: export \(name)=…")
            }
            remember(value)
            return value
        case "file":
            return try content(of: name.hasPrefix("/") ? name : "\(environmentFolder)/\(name)")
        default:
            throw Failure(
                "“${\(source):\(name)}” refers to nothing known", advice: "Known: ${env:VAR}, ${file:PATH}, ${rz:home}."
            )
        }
    }

    private func content(of path: String) throws(Failure) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(
                "A file that a setting refers to can't be read", at: path, advice: "Make it, readable by this user.")
        }
        var text = String(decoding: data, as: UTF8.self)
        if text.hasSuffix("\n") { text.removeLast() }
        // A port is no secret, and masking it would shred every address.
        let isPort = text.count <= 5 && text.allSatisfy { $0.isASCII && $0.isNumber }
        if !isPort { remember(text) }
        return text
    }

    private func remember(_ secret: String) { lock.withLock { known.insert(secret) } }
}
