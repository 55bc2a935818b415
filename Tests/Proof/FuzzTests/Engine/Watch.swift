import Foundation
import Glibc

/// Keeps the input that is being decoded in a file, where a crash leaves it, and ends the process, naming seed and
/// file, when decoding takes too long.
final class Watch: @unchecked Sendable {
    // Sendable: all state is guarded by `changed`.

    /// In debug mode the slowest honest input takes a tenth of a second.
    private static let patience: TimeInterval = 20

    private let path: String
    private let descriptor: Int32
    private let changed = NSCondition()
    private var name = ""
    private var since: Date?
    private var isOver = false

    init(target: String) throws {
        path = NSTemporaryDirectory() + "rz-fuzz-\(target)-\(getpid())-\(UInt16.random(in: .min ... .max)).input"
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Violation("no file for inputs: \(path)") }
        let thread = Thread { [self] in look() }
        thread.start()
    }

    deinit { close(descriptor) }

    func begin(_ input: [UInt8], _ name: String) {
        _ = input.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        ftruncate(descriptor, off_t(input.count))
        changed.withLock {
            self.name = name
            since = Date()
        }
    }

    /// Another file with the input, that nobody removes.
    func keep(_ input: [UInt8]) -> String {
        let kept = path + ".failed"
        try? Data(input).write(to: URL(filePath: kept))
        return kept
    }

    func end() {
        changed.withLock {
            isOver = true
            changed.signal()
        }
        unlink(path)
    }

    /// Waits for the end, and looks again when there would be no more patience with the input of now.
    private func look() {
        changed.lock()
        defer { changed.unlock() }
        while !isOver {
            let deadline = (since ?? Date()).addingTimeInterval(Watch.patience)
            if !changed.wait(until: deadline), !isOver, let since, Date().timeIntervalSince(since) >= Watch.patience {
                FileHandle.standardError.write(Data("HANG: \(name); the input is in \(path)\n".utf8))
                abort()
            }
        }
    }
}
