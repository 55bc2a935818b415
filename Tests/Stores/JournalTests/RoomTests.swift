import Foundation
import Glibc
import Migration
import Testing

@testable import Journal

@Suite("A full disk")
struct RoomTests {
    @Test("lets nothing in halfway, says what to do, and is forgotten once there is room")
    func full() async throws {
        let home = try Home()
        let journal = try home.open()
        _ = try await journal.append([.runPaused], run: "r-1", epoch: nil, at: noon)
        try await journal.fillDisk()
        let many = Array(repeating: Event.Kind.noted(text: String(repeating: "x", count: 1000)), count: 50)
        let failed = await failure { _ = try await journal.append(many, run: "r-1", epoch: nil, at: noon) }
        #expect(failed?.summary.contains("no room") == true)
        #expect(failed?.advice?.contains("rz resume") == true)
        #expect(failed?.place == home.file)
        #expect(try await journal.verify().events == 1)
        try await journal.makeRoom()
        #expect(try await journal.append(many, run: "r-1", epoch: nil, at: noon).first?.sequence == 2)
        #expect(try await home.open(readOnly: true).verify().events == 51)
    }

    @Test("of a real file system is the same, also for a journal that is only made", .enabled(if: RoomTests.canMount))
    func realDisk() async throws {
        let home = try Home()
        let disk = "\(home.path)/journal"
        mkdir(disk, 0o700)
        try #require(mount("tmpfs", disk, "tmpfs", 0, "size=300k") == 0)
        defer { umount2(disk, Int32(MNT_DETACH)) }
        let many = Array(repeating: Event.Kind.noted(text: String(repeating: "x", count: 1000)), count: 10)
        var written = 0
        var failed: Failure?
        do {
            let journal = try home.open()
            while failed == nil {
                failed = await failure { _ = try await journal.append(many, run: "r-1", epoch: nil, at: noon) }
                if failed == nil { written += many.count }
            }
            #expect(failed?.summary.contains("no room") == true)
            #expect(try await journal.events(of: "r-1", after: 0).count == written)
        }
        #expect(written > 0)
        let other = await failure { _ = try Journal(environment: "other", home: home.path) }
        #expect(other?.summary.contains("no room") == true)
        #expect(other?.place == "\(disk)/other.sqlite")
    }

    @Test("lets no half of an export, an import or a repair in, and says what to do", .enabled(if: RoomTests.canMount))
    func otherCommands() async throws {
        let (home, other) = (try Home(), try Home())
        let disk = "\(home.path)/journal"
        mkdir(disk, 0o700)
        try #require(mount("tmpfs", disk, "tmpfs", 0, "size=400k") == 0)
        defer { umount2(disk, Int32(MNT_DETACH)) }
        try await home.filled(with: 50, text: String(repeating: "long ", count: 200))
        let export = "\(other.path)/shop.jsonl"
        _ = try await home.open().export(to: export, rz: "0.1.0", at: noon)
        try home.tamper("DELETE FROM events WHERE sequence = 40")
        let damaged = FileManager.default.contents(atPath: home.file)
        let filler = try fill(disk)

        try await other.filled(with: 50, text: String(repeating: "long ", count: 200))
        let exporting = await journalError {
            _ = try await other.open().export(to: "\(disk)/shop.jsonl", rz: "0.1.0", at: noon)
        }
        #expect(exporting?.kind == .full)
        #expect(exporting?.advice?.contains("-o") == true)
        let repair = try Repair(environment: "shop", home: home.path)
        let repairing = await journalError { _ = try await repair.performWhenClosed(at: noon) }
        #expect(repairing?.kind == .full)
        #expect(repairing?.advice?.contains("rz journal repair shop") == true)
        let names = try FileManager.default.contentsOfDirectory(atPath: disk)
        #expect(names.allSatisfy { !$0.hasSuffix(".draft") && !$0.hasSuffix(".jsonl") })
        #expect(names.contains { FileManager.default.contents(atPath: "\(disk)/\($0)") == damaged })

        unlink(filler)
        #expect(try await repair.performWhenClosed(at: noon).findings.keptEvents == 39)
        for name in try FileManager.default.contentsOfDirectory(atPath: disk) { unlink("\(disk)/\(name)") }
        _ = try fill(disk)
        let importing = await journalError { _ = try Journal.make(from: export, home: home.path, at: noon) }
        #expect(importing?.kind == .full)
        #expect(importing?.advice?.contains("rz journal import") == true)
        #expect(!FileManager.default.fileExists(atPath: home.file))
    }

    /// Leaves no page of a disk free.
    private func fill(_ disk: String) throws -> String {
        let path = "\(disk)/filler"
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
        try #require(descriptor >= 0)
        let page = [UInt8](repeating: 0, count: 4096)
        while write(descriptor, page, page.count) > 0 {}
        close(descriptor)
        return path
    }

    static let canMount: Bool = {
        let folder = NSTemporaryDirectory() + "rz-mount-\(UUID().uuidString)"
        mkdir(folder, 0o700)
        defer { rmdir(folder) }
        guard mount("tmpfs", folder, "tmpfs", 0, "size=64k") == 0 else { return false }
        return umount2(folder, 0) == 0
    }()
}
