import JSON

/// Where a sandbox scheduler listens, what it schedules on and where it keeps its state.
public struct SchedulerConfiguration: Sendable, Equatable {
    /// The address to bind, an IPv4 address of the loopback network.
    public var address: String
    public var port: Int
    /// Only servers of this color are its agents.
    public var color: String
    /// The file that holds the whole state; its folder is made when it is missing.
    public var stateFile: String
    /// The folder with one folder for each server.
    public var serversDirectory: String
    /// The file that gets one JSON line for each thing that happens to a task.
    public var log: String
    /// The Mesos cluster whose framework it is; nil runs the tasks here.
    public var mesos: MesosSettings?
    /// The features that are switched on, as Marathon's `--enable_features` takes them.
    public var features: Set<String> = ["task_killing"]
    /// The role of services that have no other, Marathon's `--mesos_role`.
    public var role = "*"
    /// Who may use the API; everyone when nil. Marathon's `--http_credentials`.
    public var credentials: SchedulerCredentials?
    /// Where a Metronome of the same color listens, at the same address; nowhere when nil.
    public var metronomePort: Int?
    /// Where a mesos-compose of the same color listens, at the same address; nowhere when nil.
    public var composePort: Int?
    /// Where a Mesos master would listen that knows all of them, at the same address; nowhere when nil.
    public var mesosPort: Int?

    /// Address and port, as `/v2/leader` names them.
    public var endpoint: String { "\(address):\(port)" }

    public init(
        address: String, port: Int, color: String, stateFile: String, serversDirectory: String, log: String,
        mesos: MesosSettings? = nil
    ) {
        self.address = address
        self.port = port
        self.color = color
        self.stateFile = stateFile
        self.serversDirectory = serversDirectory
        self.log = log
        self.mesos = mesos
    }

    /// Reads the JSON configuration file written by the sandbox's playbook.
    ///
    /// - Throws: `SchedulerError` naming the file and the missing or unknown key.
    public init(contentsOf path: String) throws(SchedulerError) {
        let json: JSON
        do {
            json = try JSON(parsing: try File.read(path))
        } catch {
            throw SchedulerError("The scheduler's configuration \(path) can't be read: \(error).")
        }
        let known = [
            "address", "port", "color", "stateFile", "serversDirectory", "log", "features", "role", "httpCredentials",
            "passwordFile",
            "metronomePort", "composePort", "mesosPort", "mesos",
        ]
        for key in (json.object ?? JSONObject()).keys where !known.contains(key) {
            throw SchedulerError(
                "The scheduler's configuration \(path) has the unknown key \"\(key)\". "
                    + "Known keys: \(known.joined(separator: ", ")).")
        }
        func text(_ key: String) throws(SchedulerError) -> String {
            guard let text = json[key]?.string else {
                throw SchedulerError("The scheduler's configuration \(path) lacks the text \"\(key)\".")
            }
            return text
        }
        guard let port = json["port"]?.int, (0...65535).contains(port) else {
            throw SchedulerError("The scheduler's configuration \(path) lacks \"port\", a number from 0 to 65535.")
        }
        func further(_ key: String) throws(SchedulerError) -> Int? {
            guard let value = json[key] else { return nil }
            guard let port = value.int, (0...65535).contains(port) else {
                throw SchedulerError("\"\(key)\" in \(path) has to be a number from 0 to 65535.")
            }
            return port
        }
        self.init(
            address: try text("address"), port: port, color: try text("color"), stateFile: try text("stateFile"),
            serversDirectory: try text("serversDirectory"), log: try text("log"),
            mesos: json["mesos"] == nil ? nil : MesosSettings(master: try text("mesos")))
        if let features = json["features"]?.array { self.features = Set(features.compactMap(\.string)) }
        metronomePort = try further("metronomePort")
        composePort = try further("composePort")
        mesosPort = try further("mesosPort")
        if json["role"] != nil { role = try text("role") }
        if json["httpCredentials"] != nil {
            guard let credentials = SchedulerCredentials(try text("httpCredentials")) else {
                throw SchedulerError("\"httpCredentials\" in \(path) has to read \"user:password\".")
            }
            self.credentials = credentials
        }
        if json["passwordFile"] != nil {
            do {
                credentials = SchedulerCredentials(
                    user: SandboxFolder.user,
                    password: String(decoding: try File.read(text("passwordFile")), as: UTF8.self))
            } catch {
                throw SchedulerError("The password of the scheduler's API can't be read: \(error).")
            }
        }
    }
}

/// Why a scheduler can't start or go on.
public struct SchedulerError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
