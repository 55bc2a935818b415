import Foundation
import JSON
import SandboxTesting
import Testing
import Waiting

@Suite("Who reads what a run prints")
struct ReaderTests {
    @Test("may never read, or go after the first line and close the terminal: the run ends as it would have")
    func readers() async throws {
        try await SandboxFixture.with { sandbox in
            let users = try Users(sandbox)
            let stalled = try ReaderPipe()
            let there = try sandbox.start(["update", "sandbox", "--yes", "--json"], standardOutput: stalled.writer)
            stalled.closeWriter()
            let first = try await there.end(within: .seconds(300))
            #expect(first.status == 0, "\(first.errors)")
            #expect(try await lastEvent(in: sandbox) == "run.completed")
            #expect(try await sandbox.live() == "green")

            // What was measured is beside the journal, not in it.
            let status = try JSON(parsing: try await sandbox.succeed("status", "--json").output)
            #expect(status["traffic"]?["samples"]?.array?.isEmpty == false)
            #expect(status["traffic"]?["age"]?.string != nil)
            #expect(try await events(in: sandbox).contains { $0["type"]?.string == "traffic.sampled" } == false)

            let left = try ReaderPipe()
            let back = try sandbox.start(["update", "sandbox", "--yes", "--json"], standardOutput: left.writer)
            left.closeWriter()
            #expect(await left.line().contains("\"type\":\"version\""))
            left.closeReader()
            back.signal(SIGHUP)
            let second = try await back.end(within: .seconds(300))
            #expect(second.status == 0, "\(second.errors)")
            #expect(try await lastEvent(in: sandbox) == "run.completed")
            #expect(try await sandbox.live() == "blue")
            try await users.expectNoFailure()
        }
    }

    @Test("may press Ctrl-S in the middle of the cutover and go for a coffee: the run ends without them")
    func stoppedTerminal() async throws {
        try await SandboxFixture.with { sandbox in
            let users = try Users(sandbox)
            let terminal = try PseudoTerminal()
            let update = try sandbox.start(
                ["update", "sandbox", "--yes"], variables: ["TERM": "xterm"], standardOutput: terminal.screen)
            try await eventually("the cutover begins on the terminal", within: .seconds(180)) {
                terminal.text.contains("green 10 %, watched for")
            }
            try terminal.stop()
            let before = terminal.text
            // The terminal is stopped until the run is over, and for longer than the minute that a person may take.
            let ended = try await update.end(within: .seconds(300))
            #expect(ended.status == 0, "\(ended.errors)")
            #expect(terminal.text == before)
            #expect(try await lastEvent(in: sandbox) == "run.completed")
            #expect(try await sandbox.live() == "green")
            try await users.expectNoFailure()
        }
    }

    /// The type of the last event of the latest run.
    private func lastEvent(in sandbox: SandboxFixture) async throws -> String? {
        try await events(in: sandbox).last?["type"]?.string
    }

    /// The journal's events of the latest run.
    private func events(in sandbox: SandboxFixture) async throws -> [JSON] {
        let runs = try await sandbox.succeed("history").output.split(separator: "\n")
        let run = try #require(runs.compactMap { $0.split(separator: " ").first }.sorted().last)
        return try await sandbox.succeed("history", String(run), "--json").events
    }
}

/// A pipe of one page, which is full after a few events.
///
/// Sendable: each end is closed by the test alone, once.
private final class ReaderPipe: @unchecked Sendable {
    private let reader: Int32
    let writer: Int32
    private var isReaderOpen = true

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        for end in ends { try #require(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
        (reader, writer) = (ends[0], ends[1])
        try #require(fcntl(writer, setPipeSize, 4096) == 4096)
    }

    deinit { closeReader() }

    /// This process's own: rz keeps its copy.
    func closeWriter() { close(writer) }

    func closeReader() {
        if isReaderOpen { close(reader) }
        isReaderOpen = false
    }

    /// The first line, read on a thread of its own.
    func line() async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [reader] in
                var line: [UInt8] = []
                var byte: UInt8 = 0
                while read(reader, &byte, 1) == 1, byte != 10 { line.append(byte) }
                continuation.resume(returning: String(decoding: line, as: UTF8.self))
            }
        }
    }
}

/// `F_SETPIPE_SZ` of `fcntl.h`, which is there only for those who define `_GNU_SOURCE`.
private let setPipeSize: Int32 = 1031
