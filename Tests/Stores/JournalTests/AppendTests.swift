import Foundation
import Glibc
import Migration
import Testing

@testable import Journal

@Suite("Appended events")
struct AppendTests {
    @Test("stand in the file in order, without gaps, over all runs")
    func order() async throws {
        let home = try Home()
        let journal = try home.open()
        let first = try await journal.append(Samples.kinds, run: "r-1", epoch: nil, at: noon)
        _ = try await journal.append([.runPaused], run: "r-2", epoch: nil, at: noon)
        let last = try await journal.append([.runAborted, .runCompleted], run: "r-1", epoch: nil, at: noon)
        #expect(first.map(\.sequence) == Array(1...Samples.kinds.count))
        #expect(last.map(\.sequence) == [Samples.kinds.count + 2, Samples.kinds.count + 3])
        let reader = try home.open(readOnly: true)
        #expect(try await reader.events(of: "r-1", after: 0) == first + last)
        #expect(try await reader.events(of: "r-1", after: Samples.kinds.count) == last)
        #expect(try await reader.events(of: "r-2", after: 0).map(\.kind) == [.runPaused])
        #expect(try await reader.events(of: "r-3", after: 0).isEmpty)
        #expect(try await reader.verify().events == Samples.kinds.count + 3)
    }

    @Test("of none are none")
    func none() async throws {
        let journal = try Home().open()
        #expect(try await journal.append([], run: "r-1", epoch: nil, at: noon).isEmpty)
        #expect(try await journal.verify().events == 0)
    }

    @Test("of three writers at once, one of them a stranger's, form one chain")
    func together() async throws {
        let home = try Home()
        let writers = [try home.open(), try home.open()]
        let python = try Child("python3", ["-c", pythonWriter, home.file, "r-python", "60"])
        try await withThrowingTaskGroup { group in
            for (index, writer) in writers.enumerated() {
                group.addTask {
                    for number in 1...60 {
                        _ = try await writer.append(
                            [.noted(text: "\(number)"), .runPaused], run: RunID("r-\(index)"), epoch: nil, at: noon)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await python.ended() == "done\n")
        let reader = try home.open(readOnly: true)
        #expect(try await reader.verify().events == 300)
        #expect(try await reader.events(of: "r-0", after: 0).count == 120)
        #expect(try await reader.events(of: "r-1", after: 0).count == 120)
        #expect(
            try await reader.events(of: "r-python", after: 0).map(\.kind)
                == Array(repeating: .noted(text: "from python, ünïcode"), count: 60))
        #expect(try await writers[0].verify() == (try await reader.verify()))
    }

    @Test("are seen by a reader while a writer is in the middle of its own")
    func whileWriting() async throws {
        let home = try Home()
        try await home.filled(with: 2)
        let reader = try home.open(readOnly: true)
        let writer = try Database(path: home.file, readOnly: false)
        try writer.execute("BEGIN IMMEDIATE")
        try writer.execute("DELETE FROM events")
        #expect(try await reader.events(of: "r-1", after: 0).count == 2)
        #expect(try await home.open(readOnly: true).events(of: "r-1", after: 0).count == 2)
        try writer.execute("ROLLBACK")
        let other = try home.open()
        _ = try await other.append([.runPaused], run: "r-1", epoch: nil, at: noon)
        #expect(try await reader.events(of: "r-1", after: 2).map(\.kind) == [.runPaused])
    }

    @Test("that were returned survive kill -9 of their writer; half a transaction does not")
    func killed() async throws {
        let home = try Home()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = home.path as String] in
            let journal = try Home.journal(in: path)
            for number in 1...8 {
                _ = try await journal.append([.noted(text: "\(number)")], run: "r-1", epoch: nil, at: noon)
            }
            try await journal.dieWithinTransaction()
        }
        // The first to look finds a WAL left behind, and may be a reader.
        let reader = try home.open(readOnly: true)
        #expect(try await reader.events(of: "r-1", after: 0).map(\.sequence) == Array(1...8))
        let next = try await home.open().append([.runPaused], run: "r-1", epoch: nil, at: noon)
        #expect(next.map(\.sequence) == [9])
        #expect(try await reader.events(of: "r-1", after: 8) == next)
        #expect(try await reader.verify().events == 9)
    }

    @Test("form a whole chain wherever a busy writer was killed", arguments: 1...5)
    func killedAnywhere(_ number: Int) async throws {
        let home = try Home()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = home.path as String, number = number as Int] in
            let journal = try Home.journal(in: path)
            _ = try await journal.append([.runPaused], run: "r-1", epoch: nil, at: noon)
            for _ in 0..<number { _ = try await journal.append(Samples.kinds, run: "r-1", epoch: nil, at: noon) }
            // Right after the writer's next pages, wherever in an append these are: it does nothing else.
            let log = FileHandle(forReadingAtPath: path + "/journal/shop.sqlite-wal")
            Thread.detachNewThread {
                let (start, end) = (log?.seekToEndOfFile() ?? 0, ContinuousClock.now + .seconds(60))
                while let log, log.seekToEndOfFile() < start + UInt64(number * 4096) {
                    guard ContinuousClock.now < end else { exit(EXIT_FAILURE) }
                }
                kill(getpid(), SIGKILL)
            }
            while true { _ = try await journal.append(Samples.kinds, run: "r-1", epoch: nil, at: noon) }
        }
        let (whole, part) = (try await home.open().verify().events - 1).quotientAndRemainder(
            dividingBy: Samples.kinds.count)
        #expect(whole >= number)
        #expect(part == 0)
    }
}
