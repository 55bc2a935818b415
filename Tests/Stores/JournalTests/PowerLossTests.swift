import CPowerLoss
import Foundation
import Migration
import Testing

@testable import Journal

/// What a disk holds after the power went: of each file what was synced, and of the rest nothing, or any part.
private struct Disk {
    private struct File {
        var synced: Data
        /// Writes and truncations since the last sync, in order.
        var pending: [Request] = []
    }

    struct Request {
        var kind: rz_disk_kind
        var path: String
        var offset: Int
        var bytes: Data
    }

    private var files: [String: File] = [:]

    /// The disk before the first request.
    init(_ folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where !name.hasSuffix("-shm") {
            let path = "\(folder)/\(name)"
            files[path] = File(synced: FileManager.default.contents(atPath: path) ?? Data())
        }
    }

    mutating func take(_ request: Request) {
        switch request.kind {
        case rz_disk_write, rz_disk_truncate:
            files[request.path, default: File(synced: Data())].pending.append(request)
        case rz_disk_sync:
            guard var file = files[request.path] else { return }
            for pending in file.pending { Disk.apply(pending, to: &file.synced) }
            file.pending = []
            files[request.path] = file
        case rz_disk_delete:
            files[request.path] = nil
        default:
            break
        }
    }

    /// Writes what is left into a folder. Of each write that was not synced, sectors are kept as `luck` wills.
    func leave(in folder: String, luck: (() -> Bool)?) throws {
        for (path, file) in files {
            var data = file.synced
            if let luck {
                for pending in file.pending {
                    for sector in Disk.sectors(of: pending) where luck() { Disk.apply(sector, to: &data) }
                }
            }
            let name = URL(fileURLWithPath: path).lastPathComponent
            try data.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
    }

    /// A disk writes sectors whole, but not all of a request.
    private static func sectors(of request: Request) -> [Request] {
        guard request.kind == rz_disk_write else { return [request] }
        return stride(from: 0, to: request.bytes.count, by: 512).map { start in
            var part = request
            part.offset += start
            part.bytes = Data(request.bytes.dropFirst(start).prefix(512))
            return part
        }
    }

    private static func apply(_ request: Request, to data: inout Data) {
        if request.kind == rz_disk_truncate {
            data = Data(data.prefix(request.offset))
            return
        }
        let end = request.offset + request.bytes.count
        if data.count < end { data.append(Data(count: end - data.count)) }
        data.replaceSubrange(request.offset..<end, with: request.bytes)
    }
}

@Suite("A power loss", .serialized)
struct PowerLossTests {
    @Test("at any sync, before it or after it, keeps every event that was acknowledged", arguments: [1, 100_000])
    func acknowledged(_ pagesPerCheckpoint: Int) async throws {
        let (disk, requests) = try await record(pagesPerCheckpoint: pagesPerCheckpoint)
        let syncs = requests.count { $0.kind == rz_disk_sync }
        #expect(syncs >= 40)
        #expect(try await losses(disk, requests, luck: { _ in nil }) == 0)
    }

    @Test("that keeps any part of what was not synced does so too", arguments: 1...3)
    func torn(_ seed: UInt64) async throws {
        let (disk, requests) = try await record(pagesPerCheckpoint: 20)
        let lost = try await losses(disk, requests) { cut in
            var random = SplitMix(state: seed &* 1_000_003 &+ UInt64(cut))
            return { random.next() & 1 == 0 }
        }
        #expect(lost == 0)
    }

    @Test("would be seen here to lose events if SQLite did not sync")
    func canFail() async throws {
        let (disk, requests) = try await record(pagesPerCheckpoint: 100_000, setting: "PRAGMA synchronous = NORMAL")
        #expect(try await losses(disk, requests, luck: { _ in nil }) > 0)
    }

    /// Appends forty times, and writes down what the disk was asked for, each acknowledgement among it.
    private func record(
        pagesPerCheckpoint: Int, setting: String? = nil
    ) async throws -> (Disk, [Disk.Request]) {
        let home = try Home()
        let folder = "\(home.path)/journal"
        do { _ = try home.open() }
        let disk = try Disk(folder)
        try #require(rz_disk_record(folder) == 0)
        do {
            let journal = try home.open()
            try await journal.set("PRAGMA wal_autocheckpoint = \(pagesPerCheckpoint)")
            if let setting { try await journal.set(setting) }
            let lock = try await journal.acquire(purpose: "", at: noon)
            for number in 1...40 {
                let text = String(repeating: "\(number) ", count: number.isMultiple(of: 7) ? 4000 : 20)
                let events = try await journal.append(
                    [.noted(text: text), .runPaused], run: "r-1", epoch: lock.epoch, at: noon)
                rz_disk_set_mark(Int64(events.last?.sequence ?? 0))
            }
        }
        rz_disk_stop()
        let requests = (0..<rz_disk_request_count()).map { index in
            let request = rz_disk_request_at(index)
            return Disk.Request(
                kind: request.kind, path: String(cString: request.path), offset: Int(request.offset),
                bytes: request.bytes.map { Data(bytes: $0, count: request.count) } ?? Data())
        }
        return (disk, requests)
    }

    /// Cuts the power right before each sync and each acknowledgement, and once at the end.
    ///
    /// - Returns: after how many cuts an acknowledged event was gone; everything else that is wrong is an issue.
    private func losses(
        _ start: Disk, _ requests: [Disk.Request], luck: (Int) -> (() -> Bool)?
    ) async throws -> Int {
        var disk = start
        var acknowledged = 0
        var losses = 0
        for cut in 0...requests.count {
            let next = cut < requests.count ? requests[cut] : nil
            if next.map({ $0.kind == rz_disk_sync || $0.kind == rz_disk_mark }) ?? true {
                if try await eventsLeft(disk, luck: luck(cut)) < acknowledged { losses += 1 }
            }
            guard let next else { break }
            if next.kind == rz_disk_mark { acknowledged = next.offset }
            disk.take(next)
        }
        #expect(acknowledged == 80)
        return losses
    }

    private func eventsLeft(_ disk: Disk, luck: (() -> Bool)?) async throws -> Int {
        let home = try Home()
        try FileManager.default.createDirectory(atPath: "\(home.path)/journal", withIntermediateDirectories: true)
        try disk.leave(in: "\(home.path)/journal", luck: luck)
        return try await home.open().verify().events
    }
}

/// A small random number generator that gives the same numbers for the same seed. Source: Steele, Lea, Flood,
/// "Fast splittable pseudorandom number generators", 2014.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension Journal {
    func set(_ pragma: String) throws { try database.execute(pragma) }
}
