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
    }

    static let canMount: Bool = {
        let folder = NSTemporaryDirectory() + "rz-mount-\(UUID().uuidString)"
        mkdir(folder, 0o700)
        defer { rmdir(folder) }
        guard mount("tmpfs", folder, "tmpfs", 0, "size=64k") == 0 else { return false }
        return umount2(folder, 0) == 0
    }()
}
