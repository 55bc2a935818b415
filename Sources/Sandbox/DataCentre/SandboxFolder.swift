import Foundation
import JSON
import Migration
import Transport

/// Where a sandbox lives and what it is made from: `$RZ_HOME/sandbox`, described by its `sandbox.json`.
public struct SandboxFolder: Sendable, Hashable {
    /// Marks every process of the sandbox in its environment variables.
    public var id: String
    /// `$RZ_HOME/sandbox`.
    public var home: String
    /// The checkout that holds `environments/sandbox`.
    public var root: String
    /// The rz that the sandbox's scheduler runs.
    public var rz: String
    public var python: String
    /// First of the hundred ports that belong to this sandbox.
    public var basePort: Int
    /// Whether edge-2 has an admin port on TCP beside its socket, which every user of this machine can connect to.
    public var hasAdminPort = false

    /// The front load balancers, by name, with their addresses.
    public static let edges = [(name: "edge-1", address: "127.0.10.1"), (name: "edge-2", address: "127.0.10.2")]
    /// Port of the users' frontend on each edge, after the base port.
    static let usersPort = 1
    /// Port of edge-2's admin socket, after the base port.
    static let adminPort = 2
    /// Port of the scheduler on each color's control server, after the base port.
    static let schedulerPort = 10
    /// Port of the Metronome beside it, after the base port.
    static let metronomePort = 11

    public static func home(in rzHome: String) -> String { rzHome + "/sandbox" }

    /// The sandbox below a home of rz; nil when there is none.
    ///
    /// - Throws: `Failure` when its description can't be read.
    public static func existing(in rzHome: String) throws(Failure) -> SandboxFolder? {
        let path = home(in: rzHome) + "/sandbox.json"
        guard access(path, F_OK) == 0 else { return nil }
        do {
            let json = try JSON(parsing: try File.read(path))
            guard let id = json["id"]?.string, let home = json["home"]?.string, let root = json["root"]?.string,
                let rz = json["rz"]?.string, let python = json["python"]?.string, let port = json["basePort"]?.int
            else { throw Failure("The description of the sandbox is incomplete", at: path) }
            return SandboxFolder(
                id: id, home: home, root: root, rz: rz, python: python, basePort: port,
                hasAdminPort: json["adminPort"]?.int != nil)
        } catch {
            var failure = Failure(error, doing: "The description of the sandbox can't be read")
            failure.place = path
            failure.advice = "Remove the sandbox with: rz sandbox down."
            throw failure
        }
    }

    var environmentFolder: String { root + "/environments/sandbox" }
    var descriptionFile: String { home + "/sandbox.json" }
    var haproxyFolder: String { home + "/haproxy" }

    func socket(of edge: String) -> String { "unix:\(haproxyFolder)/\(edge).sock" }

    // MARK: - Who may use the schedulers' APIs

    /// The one account of all of them.
    public static let user = "rz"
    /// The file that holds its password, random for each sandbox.
    public var passwordFile: String { home + "/password" }
    /// The account for `curl -K`.
    public var curlFile: String { home + "/curl.conf" }

    /// - Throws: `Failure` when the password can't be read.
    func credentials() throws(Failure) -> Credentials {
        do throws(File.Failure) {
            return .basic(
                user: SandboxFolder.user, password: String(decoding: try File.read(passwordFile), as: UTF8.self))
        } catch {
            throw Failure(
                "The password of the sandbox can't be read", at: passwordFile, details: [error.description],
                advice: "Build the sandbox again: rz sandbox down, then: rz sandbox up.")
        }
    }

    /// URL of a color's scheduler.
    public func marathon(_ color: Color) -> String { control(color, SandboxFolder.schedulerPort) }

    /// URL of a color's scheduler of jobs.
    public func metronome(_ color: Color) -> String { control(color, SandboxFolder.metronomePort) }

    private func control(_ color: Color, _ port: Int) -> String {
        "http://127.0.\(color == .blue ? 11 : 12).10:\(basePort + port)"
    }

    /// Where users reach the services.
    public var frontends: [(name: String, url: String)] {
        SandboxFolder.edges.map { ($0.name, "http://\($0.address):\(basePort + SandboxFolder.usersPort)") }
    }

    /// What `rz sandbox status --json` prints.
    ///
    /// - Parameter live: the color that carries the traffic, or nil while that is not known.
    public func status(live: Color?) -> JSON {
        [
            "live": live.map { .string($0.rawValue) } ?? .null,
            "colors": .object(
                JSONObject(
                    Color.allCases.map { color in
                        let urls: JSON = [
                            "marathon": .string(marathon(color)), "metronome": .string(metronome(color)),
                        ]
                        return (color.rawValue, urls)
                    })),
            "credentials": [
                "user": .string(SandboxFolder.user), "passwordFile": .string(passwordFile),
                "curl": .string(curlFile),
            ],
            "frontends": .array(frontends.map { ["name": .string($0.name), "url": .string($0.url)] }),
            "loadBalancers": .array(
                SandboxFolder.edges.map { ["name": .string($0.name), "socket": .string(socket(of: $0.name))] }),
        ]
    }

    func write() throws(Failure) {
        var description: [(String, JSON)] = [
            ("id", .string(id)), ("home", .string(home)), ("root", .string(root)), ("rz", .string(rz)),
            ("python", .string(python)), ("basePort", .number(JSONNumber(basePort))),
        ]
        if hasAdminPort { description.append(("adminPort", .number(JSONNumber(basePort + SandboxFolder.adminPort)))) }
        let json = JSON.object(JSONObject(fields: description))
        // The system's generator: getrandom(2).
        let password = (0..<4).map { _ in String(UInt64.random(in: 0 ... .max), radix: 36) }.joined()
        try saving(descriptionFile) { () throws(File.Failure) in
            try File.makeDirectory(haproxyFolder)
            try File.makeDirectory(home + "/log")
            try File.replace(descriptionFile, with: Array((json.pretty + "\n").utf8))
            try File.replace(passwordFile, with: Array(password.utf8))
            try File.replace(curlFile, with: Array("user = \"\(SandboxFolder.user):\(password)\"\n".utf8))
        }
    }
}

/// Turns a failed write into a failure that names the file.
func saving(_ path: String, _ work: () throws(File.Failure) -> Void) throws(Failure) {
    do throws(File.Failure) { try work() } catch { throw Failure(error.description, at: path) }
}
