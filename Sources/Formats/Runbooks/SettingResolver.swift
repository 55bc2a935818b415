import FoundationEssentials
import Glibc
import JSON
import Migration
import Threads

/// Turns settings into their texts, and remembers which of them are secrets.
///
/// Sendable: what it remembers is guarded by `lock`, all else is immutable.
public final class SettingResolver: @unchecked Sendable {
    private static let largestFile = 1 << 20

    private let environmentFolder: String
    private let rzHome: String
    private let variables: [String: String]
    private let lock = Lock()
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
        rememberVariables()
    }

    /// Everything that was resolved so far and must be shown to no one.
    public var secrets: Secrets { lock.withLock { known } }

    /// Remembers every secret that a part of an environment or a runbook refers to, and every password that stands in one
    /// of its URLs: what a program prints is masked then, whichever driver will resolve it, and when.
    ///
    /// A reference that can't be resolved now is not an error here: it fails where it is needed.
    public func remember(referencesOf value: some Encodable) throws(Failure) {
        let texts = try SettingResolver.texts(of: value)
        for password in texts.compactMap(\.passwordInURL) { remember(password) }
        for reference in SettingResolver.references(in: texts) { _ = try? resolve(reference) }
    }

    /// Every reference of a part of an environment or a runbook, once, and why it can't be resolved now; nil where it
    /// can. What depends on a color's servers is left out: only a run knows them.
    public func check(referencesOf value: some Encodable) throws(Failure) -> [(reference: Setting, problem: Failure?)] {
        SettingResolver.references(in: try SettingResolver.texts(of: value))
            .filter { !$0.text.contains("{{") && $0.text != "${rz:home}" }
            .map { reference in
                do throws(Failure) {
                    _ = try resolve(reference)
                    return (reference, nil)
                } catch {
                    return (reference, error)
                }
            }
    }

    private static func texts(of value: some Encodable) throws(Failure) -> [String] {
        do { return try JSON(parsing: Array(JSONEncoder().encode(value))).texts } catch {
            throw Failure(error, doing: "The environment's secrets can't be found")
        }
    }

    /// Each once, in the order of their texts.
    private static func references(in texts: [String]) -> [Setting] {
        let all = texts.flatMap { Setting($0).parts }.compactMap { part -> Setting? in
            guard case .reference(let source, let name) = part else { return nil }
            return Setting(name.text.isEmpty ? "${\(source)}" : "${\(source):\(name)}")
        }
        return Set(all).sorted { $0.text < $1.text }
    }

    /// Remembers what stands in variables that are named like secrets: programs that see them may print them.
    private func rememberVariables() {
        for (name, value) in variables where value.count >= 8 && SecretName.matches(name) { remember(value) }
    }

    public var resolver: Resolver { { setting throws(Failure) in try self.resolve(setting) } }

    /// Reads the variables and files that a setting refers to, at this moment.
    ///
    /// - Throws: `Failure` (kind `.permanent`) that names the variable or the file that is missing.
    public func resolve(_ setting: Setting) throws(Failure) -> String { try resolve(setting, depth: 0) }

    private func resolve(_ setting: Setting, depth: Int) throws(Failure) -> String {
        var text = ""
        for part in setting.parts {
            switch part {
            case .text(let literal): text += literal
            case .reference(let source, let name): text += try value(source, name, depth: depth + 1)
            }
        }
        return text
    }

    /// Errors show the reference as it is written: what a name resolves to may hold a secret itself.
    private func value(_ source: String, _ written: Setting, depth: Int) throws(Failure) -> String {
        guard depth <= Setting.deepest else {
            throw Failure(
                "A setting refers to itself too often", at: "${\(source):\(written)}",
                details: ["references are nested deeper than \(Setting.deepest) levels"], advice: "Write it flatter.")
        }
        let name = try resolve(written, depth: depth)
        switch source {
        case "rz" where name == "home":
            return rzHome
        case "env":
            guard let value = variables[name], !value.isEmpty else {
                throw Failure(
                    "The environment variable \(written) is \(variables[name] == nil ? "not set" : "empty")",
                    at: "${env:\(written)}", advice: "Set it, for example with: export \(written)=…")
            }
            remember(value)
            return value
        case "file":
            return try content(of: name.hasPrefix("/") ? name : "\(environmentFolder)/\(name)", written)
        default:
            throw Failure(
                "“${\(source):\(written)}” refers to nothing known",
                advice: "Known: ${env:VAR}, ${file:PATH}, ${rz:home}.")
        }
    }

    private func content(of path: String, _ written: Setting) throws(Failure) -> String {
        let text = try SettingResolver.read(path, place: "${file:\(written)}, which is \(secrets.redact(path))")
        // A port is no secret, and masking it would shred every address.
        let isPort = text.utf8.count <= 5 && text.utf8.allSatisfy { (48...57).contains($0) }
        // Nor is a certificate, which every server shows to whoever calls.
        let isCertificate = text.contains("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE KEY-----")
        if !isPort, !isCertificate { remember(text) }
        return text
    }

    private static func read(_ path: String, place: String) throws(Failure) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else {
                throw Failure(
                    "A file that a setting refers to can't be reached", at: place,
                    details: [String(cString: strerror(errno))],
                    advice: "Let this user search the folders that lead to it.")
            }
            throw Failure(
                "A file that a setting refers to does not exist", at: place, advice: "Make it, readable by this user.")
        }
        // A pipe or a device could block forever.
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= largestFile else {
            throw Failure(
                "What a setting refers to is no file of at most \(largestFile >> 20) MiB", at: place,
                advice: "Name a regular file that holds nothing but the value.")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(
                "A file that a setting refers to can't be read", at: place, advice: "Make it readable by this user.")
        }
        guard var text = String(validating: data, as: UTF8.self) else {
            throw Failure("A file that a setting refers to is not UTF-8 text", at: place, advice: "Save it in UTF-8.")
        }
        // "\r\n" is one character, and a line end just as well.
        if let last = text.last, last == "\n" || last == "\r\n" { text.removeLast() }
        return text
    }

    private func remember(_ secret: String) { lock.withLock { known.insert(secret) } }
}

extension JSON {
    /// Every text in it.
    fileprivate var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(\.texts)
        case .object(let members): members.flatMap { [$0.key] + $0.value.texts }
        case .null, .bool, .number: []
        }
    }
}
