import Foundation
import Waiting

/// A Python program that a test talks to; it ends, with all its children, when the test does, whatever the reason:
/// its standard input ends then.
final class Peer: Sendable {
    /// The first line that it printed.
    let greeting: String
    private let process: Process

    init(_ script: String, _ arguments: [String]) async throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Peer.prologue + script] + arguments
        process.standardInput = Pipe()
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        greeting = await firstLine(of: output)
        guard !greeting.isEmpty else { throw PeerError("the peer did not start: \(arguments)") }
    }

    /// Also where it has ended already. Waits for its end: nothing answers after it.
    func stop() {
        try? (process.standardInput as? Pipe)?.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    deinit { stop() }

    private static let prologue = """
        import json, os, signal, socket, subprocess, sys, threading, time
        def announce_until_test_ends(greeting, clean_up=lambda: None):
            try:
                # Fails when the test has ended already.
                print(greeting, flush=True)
                sys.stdin.buffer.read()
            finally:
                clean_up()
                os._exit(0)

        """
}

struct PeerError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A folder of a test's own, short enough for the sockets in it.
func temporaryFolder() throws -> String {
    var template = Array("/tmp/rz-lb-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw PeerError("no temporary folder") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
