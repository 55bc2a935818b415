import Foundation
import Synchronization
import Testing

@testable import Publishing

@Suite("A bounded output", .serialized)
struct BoundedOutputTests {
    /// Many times what the output keeps, which is more than the pipe holds.
    private static let many = 20_000

    private func output(_ pipe: TestPipe, capacity: Int = 1000) -> BoundedOutput<Int> {
        BoundedOutput(to: pipe.writer, capacity: capacity) { number, dropped in
            (dropped > 0 ? "dropped \(dropped)\n" : "") + "line \(number)\n"
        }
    }

    @Test("gives a reader who keeps up every line, in order")
    func all() async throws {
        let pipe = try TestPipe()
        let output = output(pipe, capacity: Self.many)
        for number in 0..<Self.many { output.publish(number) }
        let reading = pipe.reading()
        #expect(await output.close(within: .seconds(60)))
        pipe.closeWriter()
        #expect(await reading.value() == (0..<Self.many).map { "line \($0)" })
    }

    @Test("holds up no one for a pipe that no one reads, and ends in time")
    func unread() async throws {
        let pipe = try TestPipe()
        let output = output(pipe)
        for number in 0..<Self.many { output.publish(number) }
        #expect(await !output.close(within: .milliseconds(50)))
        pipe.closeReader()
        #expect(await output.close(within: .seconds(60)))
    }

    @Test("gives a reader who was slow the newest lines whole, and says how many are missing")
    func slow() async throws {
        let pipe = try TestPipe()
        let output = output(pipe)
        for number in 0..<Self.many { output.publish(number) }
        let reading = pipe.reading()
        #expect(await output.close(within: .seconds(60)))
        pipe.closeWriter()
        let lines = await reading.value()
        let shown = lines.compactMap { $0.hasPrefix("line ") ? Int($0.dropFirst(5)) : nil }
        let dropped = lines.compactMap { $0.hasPrefix("dropped ") ? Int($0.dropFirst(8)) : nil }
        #expect(shown.count + dropped.count == lines.count)
        #expect(shown.count + dropped.reduce(0, +) == Self.many)
        #expect(shown.suffix(100) == Array(Self.many - 100..<Self.many))
        #expect(shown == shown.sorted())
        #expect(dropped.isEmpty == false)
    }

    @Test("survives a reader who has gone, and is done with everything at once")
    func gone() async throws {
        let pipe = try TestPipe()
        pipe.closeReader()
        let output = output(pipe)
        for number in 0..<Self.many { output.publish(number) }
        #expect(await output.close(within: .seconds(60)))
    }

    @Test("survives a reader who goes in the middle of a line")
    func leaves() async throws {
        let pipe = try TestPipe()
        let output = output(pipe)
        for number in 0..<Self.many { output.publish(number) }
        #expect(await !output.close(within: .milliseconds(50)))
        pipe.closeReader()
        #expect(await output.close(within: .seconds(60)))
    }

    @Test("takes the last item and nothing behind it")
    func last() async throws {
        let pipe = try TestPipe()
        let output = output(pipe, capacity: 1)
        #expect(await output.close(with: 1, within: .seconds(60)))
        output.publish(2)
        #expect(await output.close(with: 3, within: .seconds(60)))
        pipe.closeWriter()
        #expect(await pipe.reading().value() == ["line 1"])
    }

    @Test("renders an item when its turn has come, so that it shows what is newest then")
    func newest() async throws {
        let pipe = try TestPipe()
        let now = Box(0)
        let output = BoundedOutput<Int>(to: pipe.writer, capacity: 1) { number, _ in
            String(repeating: " ", count: number == 0 ? 1 << 20 : 0) + "\(now.value)\n"
        }
        output.publish(0)
        // It waits for a reader in the middle of this long line.
        try await pipe.waitUntilFull()
        output.publish(1)
        output.publish(2)
        now.value = 7
        let reading = pipe.reading()
        #expect(await output.close(within: .seconds(60)))
        pipe.closeWriter()
        #expect(await reading.value().map { $0.filter { $0 != " " } } == ["0", "7"])
    }

    @Test("writes everything to a descriptor that someone made non-blocking")
    func nonblocking() async throws {
        let pipe = try TestPipe()
        _ = fcntl(pipe.writer, F_SETFL, O_NONBLOCK)
        let output = output(pipe, capacity: Self.many)
        for number in 0..<Self.many { output.publish(number) }
        let reading = pipe.reading()
        #expect(await output.close(within: .seconds(60)))
        pipe.closeWriter()
        #expect(await reading.value().count == Self.many)
    }
}

@Suite("Last words", .serialized)
struct LastWordsTests {
    @Test("are left unsaid where no one listens in time")
    func unread() throws {
        let pipe = try TestPipe()
        writeWhole([UInt8](repeating: 65, count: 1 << 20), to: pipe.writer, within: .milliseconds(50))
        // The thread that writes may need it until its write has failed.
        pipe.leaveWriterOpen()
        pipe.closeReader()
    }

    @Test("are said to who listens, and to who has gone are no harm")
    func said() async throws {
        let pipe = try TestPipe()
        writeWhole(Array("the end\n".utf8), to: pipe.writer, within: .seconds(60))
        pipe.closeWriter()
        #expect(await pipe.reading().value() == ["the end"])
        let other = try TestPipe()
        other.closeReader()
        writeWhole(Array("the end\n".utf8), to: other.writer, within: .seconds(60))
    }
}

/// A pipe of one page.
///
/// Sendable: the descriptors never change, and each end is closed once.
final class TestPipe: @unchecked Sendable {
    let reader: Int32
    let writer: Int32
    private let isOpen = Mutex([true, true])

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        (reader, writer) = (ends[0], ends[1])
        _ = fcntl(writer, Int32(1031), 4096)  // F_SETPIPE_SZ
    }

    deinit {
        closeReader()
        closeWriter()
    }

    func closeReader() { close(0, reader) }
    func closeWriter() { close(1, writer) }
    func leaveWriterOpen() { isOpen.withLock { $0[1] = false } }

    private func close(_ end: Int, _ descriptor: Int32) {
        isOpen.withLock { isOpen in
            guard isOpen[end] else { return }
            isOpen[end] = false
            Foundation.close(descriptor)
        }
    }

    /// Reads the lines up to the end of the writer, on a thread of its own: tests share few.
    func reading() -> Reading {
        let reading = Reading()
        Thread.detachNewThread { [reader] in
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 65_536)
            while case let count = read(reader, &piece, piece.count), count > 0 { bytes += piece[..<count] }
            reading.end(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
        }
        return reading
    }

    func waitUntilFull() async throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            var state = pollfd(fd: writer, events: Int16(POLLOUT), revents: 0)
            if poll(&state, 1, 0) == 0 { return }
            try #require(ContinuousClock.now < end, "waited a minute for the pipe to be full")
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// Lines that a thread reads.
final class Reading: Sendable {
    private let stream: AsyncStream<[String]>
    private let ending: AsyncStream<[String]>.Continuation

    init() { (stream, ending) = AsyncStream.makeStream() }

    func end(_ lines: [String]) {
        ending.yield(lines)
        ending.finish()
    }

    func value() async -> [String] {
        for await lines in stream { return lines }
        return []
    }
}

private final class Box: Sendable {
    private let content: Mutex<Int>

    init(_ value: Int) { content = Mutex(value) }

    var value: Int {
        get { content.withLock { $0 } }
        set { content.withLock { $0 = newValue } }
    }
}
