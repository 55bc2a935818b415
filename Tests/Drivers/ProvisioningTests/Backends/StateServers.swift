import Foundation
import FreePorts
import Glibc
import JSON
import Migration
import Testing
import Waiting

@testable import Provisioning

/// A server of Terraform's backend `http`, with the user `op` and a password.
struct StateServer: Sendable {
    static let password = "hush-hush-http"
    let address: String

    var backend: TerraformBackend {
        let place = Setting("\(address)/shop/{{ color }}")
        return TerraformBackend(
            type: "http",
            config: ["address": place, "lock_address": place, "unlock_address": place, "retry_max": "0"],
            credentials: ["TF_HTTP_USERNAME": "${env:STATE_USER}", "TF_HTTP_PASSWORD": "${env:STATE_PASSWORD}"])
    }

    static let secrets = ["STATE_USER": "op", "STATE_PASSWORD": password]

    static func with(_ body: (StateServer) async throws -> Void) async throws {
        let port = try FreePorts.claim()
        try await withKeeper(script("state-server.py"), [String(port), "op", password]) { _ in
            let server = StateServer(address: "http://127.0.0.1:\(port)")
            try await eventually { (try? await server.text("/requests")) != nil }
            try await body(server)
        }
    }

    func requests() async throws -> [String] { try await text("/requests").split(separator: "\n").map(String.init) }

    func lock(_ state: String) async throws -> JSON { try JSON(parsing: try await text("/locks/shop/\(state)")) }

    private func text(_ path: String) async throws -> String {
        let url = try #require(URL(string: address + path))
        return String(decoding: try Data(contentsOf: url), as: UTF8.self)
    }
}

/// A PostgreSQL of this test alone.
struct PostgresServer: Sendable {
    static let password = "hush-hush-pg"
    let port: Int

    /// Where Debian has PostgreSQL's programs; nil where it is not installed.
    static var programs: String? {
        let root = "/usr/lib/postgresql"
        return Files.names(in: root).sorted().last.map { "\(root)/\($0)/bin" }
            .flatMap { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") ? $0 : nil }
    }

    static let backend = TerraformBackend(
        type: "pg", config: ["schema_name": "shop_{{ color }}"], credentials: ["PG_CONN_STR": "${env:CONNECTION}"])

    var secrets: [String: String] {
        ["CONNECTION": "postgres://rz:\(PostgresServer.password)@127.0.0.1:\(port)/postgres?sslmode=disable"]
    }

    static func with(_ body: (PostgresServer) async throws -> Void) async throws {
        let port = try FreePorts.claim()
        let programs = try #require(programs)
        try await withKeeper(script("postgres.py"), [programs, String(port), password]) { output in
            let line = try #require(try output.read(upToCount: 6))
            #expect(String(decoding: line, as: UTF8.self).hasPrefix("ready"))
            try await body(PostgresServer(port: port))
        }
    }

    /// The rows of a query, fields with `|` between.
    func rows(_ query: String) throws -> [String] {
        let psql = Process()
        let output = Pipe()
        psql.executableURL = URL(filePath: try #require(PostgresServer.programs) + "/psql")
        psql.arguments = ["-At", "-h", "127.0.0.1", "-p", String(port), "-U", "rz", "-d", "postgres", "-c", query]
        psql.environment = ["PGPASSWORD": PostgresServer.password]
        psql.standardOutput = output
        try psql.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        psql.waitUntilExit()
        #expect(psql.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

func script(_ name: String) -> String { (#filePath as NSString).deletingLastPathComponent + "/" + name }

/// Runs a Python program that ends, with all that it began, when this process no longer holds its input.
///
/// - Parameter python: another one than that of the `PATH`.
func withKeeper(
    _ script: String, _ arguments: [String], python: String = "python3",
    _ body: (FileHandle) async throws -> Void
) async throws {
    let keeper = Process()
    let input = Pipe()
    let output = Pipe()
    keeper.executableURL = URL(filePath: "/usr/bin/env")
    keeper.arguments = [python, script] + arguments
    keeper.standardInput = input
    keeper.standardOutput = output
    // No program that another test starts may hold the pipe open.
    #expect(fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC) == 0)
    try keeper.run()
    defer {
        try? input.fileHandleForWriting.close()
        keeper.waitUntilExit()
    }
    try await body(output.fileHandleForReading)
}
