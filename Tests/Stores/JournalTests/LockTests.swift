import Foundation
import Glibc
import Migration
import Testing

@testable import Journal

@Suite("The lock of an environment")
struct LockTests {
    @Test("has one holder, and the refusal of others says who, since when, and what to do")
    func held() async throws {
        let home = try Home()
        let lock = try await home.open().acquire(purpose: "rz update shop", at: noon)
        #expect(lock.pid == Int(getpid()))
        #expect(lock.tookOverFrom == nil)
        let other = try home.open()
        let error = await journalError { _ = try await other.acquire(purpose: "rz resume", at: noon + .seconds(1)) }
        #expect(error?.kind == .locked(lock))
        #expect(error?.failure.kind == .refused)
        let words = try #require(error?.description)
        for part in [
            lock.owner, lock.host, "pid \(getpid())", noon.description, "rz update shop", "rz status shop",
            "Its process lives", home.file,
        ] {
            #expect(words.contains(part))
        }
        #expect(!words.contains("rz unlock"), "what is pasted at night must not hurt")
        #expect(try await home.open(readOnly: true).currentLock() == lock)
        #expect(await other.isHeld(lock))
    }

    @Test("is named to others, and who is to go on, while its holder was stopped in the middle of writing the journal")
    func stoppedWriter() async throws {
        let home = try Home()
        let journal = try home.open()
        let lock = try await journal.acquire(purpose: "rz update shop", at: noon)
        let writer = try Child("python3", ["-c", pythonStoppedWriter, home.file])
        let pid = writer.process.processIdentifier
        var information = siginfo_t()
        #expect(waitid(P_PID, id_t(pid), &information, WSTOPPED | WNOWAIT) == 0)
        let other = try home.open()
        let refusal = await journalError { _ = try await other.acquire(purpose: "rz resume", at: noon) }
        #expect(refusal?.kind == .locked(lock))
        let error = await journalError { try await other.unlock(id: lock.id, fromLiving: true) }
        #expect(error?.kind == .busy)
        #expect(error?.failure.kind == .refused)
        #expect(error?.message == "Process \(pid) was stopped in the middle of writing the journal")
        #expect(error?.advice?.contains("kill -CONT \(pid)") == true)
        #expect(kill(pid, SIGCONT) == 0)
        #expect(await writer.ended() == "done\n")
        try await other.unlock(id: lock.id, fromLiving: true)
    }

    @Test("is won by exactly one of many that want it at once")
    func race() async throws {
        let home = try Home()
        let journals = try (1...16).map { _ in try home.open() }
        let outcomes = await withTaskGroup(of: JournalError.Kind?.self) { group in
            for journal in journals {
                group.addTask {
                    await journalError { _ = try await journal.acquire(purpose: "race", at: noon) }?.kind
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == nil } == 1)
        let lock = try #require(try await journals[0].currentLock())
        #expect(outcomes.count { $0 == .locked(lock) } == 15)
    }

    @Test("gets a new epoch with each holder, never an old one again")
    func epochs() async throws {
        let journal = try Home().open()
        let first = try await journal.acquire(purpose: "1", at: noon)
        try await journal.release(first)
        #expect(try await journal.currentLock() == nil)
        let second = try await journal.acquire(purpose: "2", at: noon)
        try await journal.unlock(id: second.id, fromLiving: true)
        let third = try await journal.acquire(purpose: "3", at: noon)
        #expect(first.epoch < second.epoch && second.epoch < third.epoch)
        try await journal.release(first)
        #expect(try await journal.currentLock() == third)
    }

    @Test("of a process killed with -9 is taken over, and the new holder learns from whom")
    func killed() async throws {
        let home = try Home()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = home.path as String] in
            _ = try await Home.journal(in: path).acquire(purpose: "rz update shop", at: noon)
            kill(getpid(), SIGKILL)
        }
        let journal = try home.open()
        let dead = try #require(try await journal.currentLock())
        #expect(dead.pid != Int(getpid()))
        #expect(await !journal.isHeld(dead))
        let lock = try await journal.acquire(purpose: "rz resume", at: noon + .seconds(1))
        #expect(lock.tookOverFrom == dead.description)
        #expect(lock.epoch == dead.epoch + 1)
    }

    @Test("is held by a living process, and by its zombie no more")
    func zombie() async throws {
        let home = try Home()
        let journal = try home.open()
        _ = try await journal.acquire(purpose: "sleep", at: noon)
        let pid = try spawnSleep()
        defer {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let start = stat.split(separator: " ")[21]
        try home.tamper("UPDATE lock SET pid = \(pid), start = '\(start)'")
        let error = await journalError { _ = try await journal.acquire(purpose: "", at: noon) }
        #expect(error?.message.contains("pid \(pid)") == true)
        kill(pid, SIGKILL)
        var information = siginfo_t()
        // Waits for the end without reaping.
        waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT)
        #expect(try await journal.acquire(purpose: "", at: noon).tookOverFrom?.contains("pid \(pid)") == true)
    }

    @Test(
        "of a process that is surely gone is taken over",
        arguments: ["start = '1'", "boot = 'the one before'", "pid = 99999999"])
    func gone(_ change: String) async throws {
        let home = try Home()
        let journal = try home.open()
        let old = try await journal.acquire(purpose: "old", at: noon)
        try home.tamper("UPDATE lock SET \(change)")
        #expect(try await journal.acquire(purpose: "new", at: noon).epoch == old.epoch + 1)
    }

    @Test(
        "of a process that can't be seen from here is held",
        arguments: [
            "host = 'elsewhere', pid = 99999999", "host = 'elsewhere', boot = 'x'",
            "namespace = 'pid:[1]', pid = 99999999",
        ])
    func unseen(_ change: String) async throws {
        let home = try Home()
        let journal = try home.open()
        _ = try await journal.acquire(purpose: "old", at: noon)
        try home.tamper("UPDATE lock SET \(change)")
        let lock = try #require(try await journal.currentLock())
        let error = await journalError { _ = try await journal.acquire(purpose: "", at: noon) }
        #expect(error?.kind == .locked(lock))
        #expect(error?.advice?.contains("rz unlock shop --id \(lock.id)") == true)
        try await journal.unlock(id: lock.id)
        #expect(try await journal.acquire(purpose: "", at: noon).tookOverFrom == nil)
    }

    @Test("is taken away only by its id")
    func unlock() async throws {
        let journal = try Home().open()
        #expect(await journalError { try await journal.unlock(id: "x") }?.kind == .otherLock)
        let lock = try await journal.acquire(purpose: "rz update shop", at: noon)
        let error = await journalError { try await journal.unlock(id: "x") }
        #expect(error?.kind == .otherLock)
        #expect(error?.failure.kind == .refused)
        #expect(try await journal.currentLock() == lock)
    }

    @Test("is not taken from a process that lives on this host, unless by force")
    func living() async throws {
        let journal = try Home().open()
        let lock = try await journal.acquire(purpose: "rz update shop", at: noon)
        let error = await journalError { try await journal.unlock(id: lock.id) }
        #expect(error?.kind == .locked(lock))
        #expect(error?.message.contains("pid \(getpid())") == true)
        #expect(try await journal.currentLock() == lock)
        try await journal.unlock(id: lock.id, fromLiving: true)
        #expect(try await journal.currentLock() == nil)
    }

    private func spawnSleep() throws -> pid_t {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("600"), nil]
        defer { for argument in arguments { free(argument) } }
        try #require(posix_spawnp(&pid, "sleep", nil, nil, &arguments, environ) == 0)
        return pid
    }
}

@Suite("A holder that lost the lock")
struct FencingTests {
    @Test("appends nothing any more, and may make no call")
    func fenced() async throws {
        let home = try Home()
        let (stale, fresh) = (try home.open(), try home.open())
        let old = try await stale.acquire(purpose: "old", at: noon)
        try await stale.confirm(epoch: old.epoch)
        _ = try await stale.append([.runPaused], run: "r-1", epoch: old.epoch, at: noon)
        try await fresh.unlock(id: old.id, fromLiving: true)
        try await expectRefusal(stale, old.epoch)
        let new = try await fresh.acquire(purpose: "new", at: noon)
        try await expectRefusal(stale, old.epoch)
        _ = try await fresh.append([.runCompleted], run: "r-1", epoch: new.epoch, at: noon)
        #expect(try await fresh.events(of: "r-1", after: 0).map(\.kind) == [.runPaused, .runCompleted])
    }

    @Test("can still be asked for something, as anyone can")
    func requests() async throws {
        let home = try Home()
        let lock = try await home.open().acquire(purpose: "rz update shop", at: noon)
        let other = try home.open()
        let asked = try await other.append([.pauseRequested(by: "bo")], run: "r-1", epoch: nil, at: noon)
        #expect(asked.map(\.sequence) == [1])
        #expect(try await other.currentLock() == lock)
    }

    @Test("because it gave it back appends nothing either")
    func released() async throws {
        let journal = try Home().open()
        let lock = try await journal.acquire(purpose: "", at: noon)
        try await journal.release(lock)
        try await expectRefusal(journal, lock.epoch)
    }

    private func expectRefusal(_ journal: Journal, _ epoch: Int) async throws {
        let count = try await journal.verify().events
        for failed in [
            await failure { _ = try await journal.append([.runAborted], run: "r-1", epoch: epoch, at: noon) },
            await failure { try await journal.confirm(epoch: epoch) },
        ] {
            #expect(failed?.kind == .refused)
            #expect(failed?.advice?.contains("rz status shop") == true)
        }
        #expect(try await journal.verify().events == count)
    }
}
