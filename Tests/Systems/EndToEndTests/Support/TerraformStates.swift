import Foundation
import FreePorts
import SandboxTesting
import Testing
import Transport
import Waiting

/// A server of Terraform's backend `http`.
enum TerraformStates {
    static let user = "op"
    static let password = "hush-hush-http"

    /// - Parameter test: is given the URL below which each path is a state; the server ends with this process at the
    ///   latest.
    static func serve(_ test: (String) async throws -> Void) async throws {
        let port = try FreePorts.claim()
        let script = Program.checkout.appending(path: "Tests/Drivers/ProvisioningTests/Backends/state-server.py")
        let server = Process()
        let input = Pipe()
        server.executableURL = URL(filePath: "/usr/bin/env")
        server.arguments = ["python3", script.path, String(port), user, password]
        server.standardInput = input
        // No program that the test starts may hold the pipe open.
        try #require(fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC) == 0)
        try server.run()
        defer {
            try? input.fileHandleForWriting.close()
            server.waitUntilExit()
        }
        let states = "http://127.0.0.1:\(port)"
        try await eventually("the state server answers") {
            (try? await HTTPClient.shared.send(HTTPRequest(.get, states + "/requests")))?.isSuccess == true
        }
        try await test(states)
    }
}
