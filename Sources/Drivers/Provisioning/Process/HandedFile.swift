import Glibc
import Migration
import SystemPackage

/// A text for children to read from a file, secrets and all: the file has no name, and is gone with this process
/// however that ends.
///
/// Source: proc(5), `/proc/PID/fd`.
final class HandedFile: Sendable {
    private let file: OutputFile

    init(_ text: String) throws(Failure) {
        file = try OutputFile()
        try file.append(text)
    }

    /// Readable by programs of the same user while this process lives.
    var path: String { "/proc/\(getpid())/fd/\(file.descriptor.rawValue)" }
}
