import Glibc
import Migration
import SystemPackage

/// A file, readable by its owner only, that a program writes its output to.
public final class OutputFile: Sendable {
    let descriptor: FileDescriptor
    /// Nil for a file without a name.
    private let path: String?
    /// In bytes, of what rz reads of it.
    private let limit: Int

    /// Creates the file, or empties it.
    ///
    /// - Parameter isDurable: whether a program that writes a line goes on only once that line is on the disk
    ///   (`O_DSYNC`, which the program inherits with the descriptor): a power cut then takes nothing of it away.
    public init(path: String, limit: Int = OutputFile.largest, isDurable: Bool = false) throws(Failure) {
        self.path = path
        self.limit = limit
        let flags = O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC | (isDurable ? O_DSYNC : 0)
        let number = open(path, flags, 0o600)
        guard number >= 0 else { throw Files.failure("The file can't be written", path) }
        descriptor = FileDescriptor(rawValue: number)
    }

    /// A file without a name, gone with its last user: for output that may hold secrets.
    public init() throws(Failure) {
        self.path = nil
        limit = OutputFile.largest
        // mkstemp takes six letters X at the end for its own.
        var path = Array(("/tmp/rz-output-" + String(repeating: "X", count: 6)).utf8CString)
        let number = mkstemp(&path)
        guard number >= 0 else { throw Files.failure("No temporary file can be made", "/tmp") }
        unlink(path)
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        _ = fcntl(number, F_SETFL, O_APPEND)
        descriptor = FileDescriptor(rawValue: number)
    }

    deinit { Glibc.close(descriptor.rawValue) }

    /// The bytes from a position on, at most 1 MiB of them.
    func bytes(from offset: Int) -> [UInt8] { bytes(from: offset, atMost: 1 << 20) }

    func bytes(from offset: Int, atMost limit: Int) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0, Int(status.st_size) > offset else { return [] }
        let count = min(Int(status.st_size) - offset, limit)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let result = pread(descriptor.rawValue, buffer.baseAddress, count, off_t(offset))
            initialized = max(0, result)
        }
    }

    /// What a program may write for rz to read: more is no plan, no list of servers and no log of a playbook.
    public static let largest = 64 << 20

    /// All that was written, up to the limit.
    public func text() -> String { String(decoding: head(), as: UTF8.self) }

    /// All that was written.
    ///
    /// - Throws: `Failure` when that is more than the limit: a part of it would be taken for the whole.
    func wholeText(at place: String) throws(Failure) -> String {
        try refuseIfTooLong(at: place)
        return text()
    }

    func refuseIfTooLong(at place: String) throws(Failure) {
        guard isTooLong else { return }
        throw Failure(
            "A program wrote more than rz reads", at: place,
            details: ["the limit is \(limit >> 20) MiB"], advice: "Let it write less.")
    }

    private var isTooLong: Bool {
        var status = stat()
        return fstat(descriptor.rawValue, &status) != 0 || Int(status.st_size) > limit
    }

    /// A byte more than the limit shows that there is more.
    private func head() -> [UInt8] {
        var all: [UInt8] = []
        while all.count <= limit {
            let more = bytes(from: all.count)
            if more.isEmpty { break }
            all += more
        }
        return all
    }

    public func lines() -> [String] { text().split(whereSeparator: \.isNewline).map(String.init) }

    /// Masks secrets in what was written, once the program has ended. What is beyond the limit is cut off.
    func redact(_ secrets: Secrets) throws(Failure) {
        guard !secrets.isEmpty else { return }
        let before = text()
        let after = secrets.redact(before)
        guard after != before || isTooLong else { return }
        // The name gets the masked text in one piece: emptied, and rz killed then, the file would show nothing any more.
        if let path { try Files.write(after, to: path) }
        guard ftruncate(descriptor.rawValue, 0) == 0 else { throw Files.failure("Secrets can't be masked", "a log") }
        try append(after)
    }

    /// Writes behind what was written before.
    func append(_ text: String) throws(Failure) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor.rawValue, $0.baseAddress, $0.count) }
            guard written > 0 || errno == EINTR else {
                throw Files.failure("The file can't be written", path ?? "a file without a name")
            }
            rest = rest.dropFirst(max(0, written))
        }
    }

    /// The last lines that say something, for error messages.
    public func lastLines(_ count: Int = 8) -> [String] {
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { return [] }
        let start = max(0, Int(status.st_size) - 16_384)
        var lines = String(decoding: bytes(from: start), as: UTF8.self).split(whereSeparator: \.isNewline)[...]
        // Of a line that began before there is only a part.
        if start > 0, lines.count > 1 { lines = lines.dropFirst() }
        return lines.map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
            .suffix(count).map { Failure.shortened($0, to: 500) }
    }
}

/// Reads a growing file line by line.
struct LineTail {
    private let file: OutputFile
    private var offset = 0
    private var unfinished: [UInt8] = []

    /// The rest of a longer line is left out. The longest real ones are Ansible's statistics of ten thousand servers.
    static let longestLine = 4 << 20

    init(of file: OutputFile) { self.file = file }

    /// The lines completed since the last call.
    mutating func newLines() -> [String] {
        var lines: [String] = []
        while true {
            let bytes = file.bytes(from: offset)
            if bytes.isEmpty { return lines }
            offset += bytes.count
            for byte in bytes {
                if byte == 10 {
                    lines.append(String(decoding: unfinished, as: UTF8.self))
                    unfinished = []
                } else if unfinished.count < LineTail.longestLine {
                    unfinished.append(byte)
                }
            }
        }
    }

    /// Everything that is left, an unfinished last line too.
    mutating func rest() -> [String] {
        var lines = newLines()
        if !unfinished.isEmpty { lines.append(String(decoding: unfinished, as: UTF8.self)) }
        unfinished = []
        return lines
    }
}
