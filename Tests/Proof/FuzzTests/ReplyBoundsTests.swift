import Foundation
import Migration
import Testing

@testable import LoadBalancing
@testable import Provisioning

@Suite("Answers of HAProxy at their bounds")
struct ReplyBoundsTests {
    private let head = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight\n"

    @Test("may report as many servers as the limit, and no more")
    func servers() throws {
        let line = "1 be 1 s 127.0.0.1 2 0 100\n"
        let most = head + String(repeating: line, count: MalformedReply.mostServers)
        #expect(try ServerRecord.all(in: most).count == MalformedReply.mostServers)
        let error = #expect(throws: MalformedReply.self) { try ServerRecord.all(in: most + line) }
        #expect(error?.description == "it lists more than 32768 servers")
    }

    @Test("may have weights that HAProxy can have, and no others", arguments: [0, 256])
    func weights(_ weight: Int) throws {
        #expect(try ServerRecord.all(in: head + "1 be 1 s a 2 0 \(weight)\n").first?.weight == weight)
        for wrong in [-1, 257, Int.max] {
            #expect(throws: MalformedReply.self) { try ServerRecord.all(in: head + "1 be 1 s a 2 0 \(wrong)\n") }
        }
    }

    @Test("may have as many columns and lines as the limits, and no more")
    func statistics() throws {
        let names = "# pxname,svname," + (0..<997).map { "c\($0)," }.joined()
        #expect(throws: Never.self) { try Statistics(names + "\n") }
        let wide = #expect(throws: MalformedReply.self) { try Statistics(names + "x,\n") }
        #expect(wide?.description == "a line has more than 1000 columns")
        let lines = "# pxname,svname,\n" + String(repeating: "be,s,\n", count: MalformedReply.mostServers)
        #expect(throws: Never.self) { try Statistics(lines) }
        let long = #expect(throws: MalformedReply.self) { try Statistics(lines + "be,s,\n") }
        #expect(long?.description == "it has more than 32768 lines")
    }
}

@Suite("The output of programs at its bounds")
struct OutputBoundsTests {
    private let limit = 1 << 20

    @Test("a line without an end takes no more memory than the limit")
    func longLine() throws {
        try withOutput { file, handle in
            for _ in 0..<8 { try handle.write(contentsOf: [UInt8](repeating: 120, count: 1 << 20)) }
            try handle.write(contentsOf: Array("\nnext\n".utf8))
            var tail = LineTail(of: file)
            #expect(tail.newLines().map(\.utf8.count) == [LineTail.longestLine, 4])
        }
    }

    @Test("more than the limit is an error that names it, never a part taken for the whole")
    func longText() throws {
        try withOutput { file, handle in
            try handle.truncate(atOffset: UInt64(limit))
            let whole = try file.wholeText(at: "output")
            #expect(whole.utf8.count == limit)
            try handle.truncate(atOffset: UInt64(limit + 1))
            let failure = #expect(throws: Failure.self) { try file.wholeText(at: "output") }
            #expect(failure?.details == ["the limit is 1 MiB"])
        }
    }

    @Test("a secret beyond the limit is cut off with all that is there")
    func secretBeyondLimit() throws {
        try withOutput { file, handle in
            let secret = "hunter2hunter2"
            try handle.truncate(atOffset: UInt64(limit + 10))
            try handle.seekToEnd()
            try handle.write(contentsOf: Array("\n\(secret)".utf8))
            #expect(file.lastLines().contains { $0.contains(secret) })
            var secrets = Secrets()
            secrets.insert(secret)
            try file.redact(secrets)
            #expect(!file.lastLines().contains { $0.contains(secret) })
            #expect(throws: Failure.self) { try file.refuseIfTooLong(at: "output") }
        }
    }

    private func withOutput(_ body: (OutputFile, FileHandle) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "rz-fuzz-output-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try OutputFile(path: path, limit: limit)
        let handle = try #require(FileHandle(forWritingAtPath: path))
        defer { try? handle.close() }
        try body(file, handle)
    }

    @Test("errors about outputs report no value of them, wherever they are cut or hurt")
    func secretOutputs() throws {
        let text = #"{"token":{"sensitive":true,"value":"hunter2hunter2"},"inventory":{"value":{"a":[{"name":"x"}]}}}"#
        let bytes = Array(text.utf8)
        for position in bytes.indices {
            var hurt = bytes
            hurt.remove(at: position)
            for input in [Array(bytes[..<position]), hurt] {
                do throws(Failure) {
                    _ = try TerraformOutputs.inventory(String(decoding: input, as: UTF8.self), at: "outputs")
                } catch {
                    #expect(!error.description.contains("hunter2"), "\(error)")
                }
            }
        }
    }
}
