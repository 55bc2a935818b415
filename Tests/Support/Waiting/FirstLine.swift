import Foundation

/// The first line that a program prints; empty where it ends before. Waits on a thread of its own: tests share few.
package func firstLine(of pipe: Pipe) async -> String {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            var line: [UInt8] = []
            while let byte = try? pipe.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 { line.append(byte) }
            continuation.resume(returning: String(decoding: line, as: UTF8.self))
        }
    }
}
