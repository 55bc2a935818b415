import Foundation
import Glibc
import JSON
import Migration
import SandboxTesting
import Transport
import Waiting

/// A sandbox in which one move after the other is struck down and put right again, blue to green and green to blue.
final class CrashSite {
    let sandbox: SandboxFixture
    /// The live color.
    var live = Color.blue
    private(set) var disk: LossyDisk?
    private var orders = 0
    private var programs: [Program] = []

    init() throws { sandbox = try SandboxFixture(rz: Program.rzWithKillPoints) }

    /// Builds the sandbox and makes one whole move: from then on every move starts alike, the idle color's servers in
    /// maintenance as a move leaves them.
    ///
    /// - Parameter losesPower: whether rz's own files lie on a disk whose power can be cut.
    func build(losesPower: Bool) async throws {
        if losesPower { try putFilesOnLossyDisk() }
        try await sandbox.build { sandbox in
            try sandbox.edit(sandbox.environmentFile, replacing: "for: 1s", with: "for: 300ms")
            try sandbox.edit(sandbox.environmentFile, replacing: "bake: 1s", with: "bake: 300ms")
            try sandbox.edit(sandbox.environmentFile, replacing: "soak: 1s", with: "soak: 600ms")
        }
        // Calls that the sandbox's own runbook does not make.
        let request = "{ method: GET, url: \"http://127.0.10.1:\(try sandbox.basePort + 1)/\" }"
        try sandbox.edit(
            sandbox.runbookFile, replacing: "      # For example, ask your monitoring",
            with: """
                      - { id: program, exec: { command: [echo, a line] }, timeout: 1m }
                      - { id: request, http: \(request), timeout: 1m }
                      # For example, ask your monitoring
                """)
        let first = try await sandbox.start(["update", "sandbox", "--yes"]).end(within: .seconds(300))
        try require(first.status == 0, "the first move failed: \(first.all.suffix(2000))")
        live = .green
    }

    func remove() async throws {
        // Of a move that was given up: it would put files where they were just removed.
        for program in programs where program.isRunning { program.signal(SIGKILL) }
        try await eventually("every rz has ended") { !programs.contains(where: \.isRunning) }
        for name in disk == nil ? [] : ["journal", "environments"] { unlink("\(sandbox.home)/\(name)") }
        disk?.remove()
        try await sandbox.remove()
    }

    private func putFilesOnLossyDisk() throws {
        let files = FileManager.default
        let disk = try LossyDisk(in: sandbox.folder)
        self.disk = disk
        try files.createDirectory(atPath: sandbox.home, withIntermediateDirectories: true)
        for name in ["journal", "environments"] {
            try files.createDirectory(atPath: "\(disk.path)/\(name)", withIntermediateDirectories: true)
            try files.createSymbolicLink(
                atPath: "\(sandbox.home)/\(name)", withDestinationPath: "\(disk.path)/\(name)")
        }
    }

    // MARK: - rz, under orders

    /// An rz that keeps to orders for kill points.
    struct Ordered {
        var program: Program
        var log: String

        /// What it was struck down at; nil if it was not.
        var struckAt: String? {
            lines.first { $0.hasPrefix("! ") }?.split(separator: " ", maxSplits: 2).last.map(String.init)
        }

        var passed: String { lines.joined(separator: "\n") }

        private var lines: [String] {
            ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
        }
    }

    func start(_ arguments: [String], strikes: [String] = []) throws -> Ordered {
        orders += 1
        let (file, log) = ("\(sandbox.folder)/orders-\(orders)", "\(sandbox.folder)/points-\(orders)")
        let text = (["log \(log)"] + strikes).map { $0 + "\n" }.joined()
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let program = try sandbox.start(arguments, variables: ["RZ_KILL_POINTS": file])
        programs.removeAll { !$0.isRunning }
        programs.append(program)
        return Ordered(program: program, log: log)
    }

    /// The latest run, as `rz status --json` has it; nil when there was none.
    func status() async throws -> JSON? {
        let ended = try await sandbox.run("status", "sandbox", "--json")
        if ended.errors.contains("has had no run yet") { return nil }
        try require(ended.status == 0, "rz status exited with \(ended.status): \(ended.all)")
        return try JSON(parsing: ended.output)
    }

    // MARK: - Users

    /// A record for the database, through the users' front door.
    func write() async throws {
        let url = "http://127.0.10.1:\(try sandbox.basePort + 1)/ledger"
        let answer = try await HTTPClient.shared.send(HTTPRequest(.post, url, body: Array("a test".utf8)))
        try require(answer.status == 201, "the database does not take a record: \(answer.text)")
    }

    func startUsers() throws -> Program {
        let users = try sandbox.start(["sandbox", "load", "--rate", "40", "--duration", "7200", "--json"])
        programs.append(users)
        return users
    }

    /// - Returns: what users saw go wrong; nil when nothing did.
    func end(_ users: Program) async throws -> String? {
        users.signal(SIGTERM)
        let report = try JSON(parsing: try await users.end().output)
        let isGood = report["failed"]?.int == 0 && report["requests"]?.int ?? 0 > 0
        return isGood ? nil : "users saw failures: \(report.compact)"
    }

    /// A move that nobody disturbs.
    ///
    /// - Returns: its kill points, and what stands at its end.
    func cleanMove() async throws -> (points: [Point], end: EndState) {
        let users = try startUsers()
        let old = live
        let rz = try start(["update", "sandbox", "--yes", "--json"])
        let ended = try await rz.program.end(within: .seconds(180))
        try require(ended.status == 0, "the clean move failed: \(ended.all.suffix(2000))")
        try require(try await end(users) == nil, "the clean move failed requests")
        live = old.other
        var state = try await EndState.observed(in: sandbox, old: old)
        if let status = try await status() { state.addRun(status) }
        return (Point.list(rz.passed, from: old), state)
    }

    /// A move that is killed at a point and taken back.
    ///
    /// - Returns: the kill points of the way back.
    func cleanReturn(_ command: String, at point: Point) async throws -> [Point] {
        let old = live
        let rz = try start(["update", "sandbox", "--yes", "--json"], strikes: ["SIGKILL \(point.text(from: old))"])
        let killed = try await rz.program.end(within: .seconds(180))
        try require(killed.status == 137, "the move to be taken back was not killed at \(point)")
        let back = try start([command, "sandbox", "--json"])
        let ended = try await back.program.end(within: .seconds(180))
        try require(ended.status == 0, "rz \(command) failed: \(ended.all.suffix(2000))")
        if command == "abort" { try await sandbox.succeed("rollback", "sandbox") }
        return Point.list(back.passed, from: old)
    }
}
