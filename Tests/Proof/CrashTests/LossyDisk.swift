import Foundation
import Glibc
import SandboxTesting
import Waiting

/// A file system of its own for rz's files, whose power can be cut: what was not synced is gone.
///
/// A file system in an image file keeps what it was not yet told to sync in memory only. The image as it lies there at
/// any moment is what a disk would hold after a power cut at that moment.
final class LossyDisk {
    /// Where it is mounted.
    let path: String
    private var image: String
    private var number = 0

    /// Needs the right to mount.
    init(in folder: String) throws {
        path = folder + "/disk"
        image = folder + "/disk-0.img"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try LossyDisk.run("truncate", "-s", "96M", image)
        try LossyDisk.run("mkfs.ext4", "-q", image)
        try mount()
    }

    /// Goes on with what would be left after a power cut now. Nobody may work on it any more.
    func losePower() async throws {
        number += 1
        let left = image.replacing(/-\d+\.img$/, with: "-\(number).img")
        try LossyDisk.run("cp", "--sparse=always", image, left)
        // Whoever was just killed lets go of it in a moment.
        let path = path
        try await eventually("the disk of the lost host is free") { (try? LossyDisk.run("umount", path)) != nil }
        try FileManager.default.removeItem(atPath: image)
        image = left
        try mount()
    }

    /// Kills Terraforms, playbooks, and what these started: all work in folders of this disk.
    ///
    /// - Returns: how many there were.
    func killUsers() -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let users = names.compactMap { pid_t($0) }.filter { pid in
            let folder = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")
            return folder?.hasPrefix(path + "/") == true
        }
        for pid in users { kill(pid, SIGKILL) }
        return users.count
    }

    func remove() { try? LossyDisk.run("umount", "-l", path) }

    /// With time enough between two of the kernel's own commits for a loss to be one.
    private func mount() throws { try LossyDisk.run("mount", "-o", "loop,commit=60", image, path) }

    private static func run(_ words: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try require(
            process.terminationStatus == 0,
            "\(words.joined(separator: " ")): \(String(decoding: said, as: UTF8.self))")
    }
}
