import Dispatch
import SafeFiles
import Synchronization

/// A file that HAProxy reads at its next start: replaced in one piece, so that it never reads a half.
struct PersistentFile: Sendable {
    /// State files of thirty thousand servers are a tenth of it.
    static let largest = 64 << 20

    /// One after the other for each file: those of several load balancers do not wait for each other.
    private static let queues = Mutex<[String: DispatchQueue]>([:])

    let path: String

    init(_ path: String) { self.path = path }

    /// Why no replacement of the file could be written now; nil where one could.
    var obstacle: FileProblem? {
        do throws(FileProblem) {
            let (folder, _) = TrustedFolder.split(try TrustedFolder.resolve(path))
            let isWritable = try TrustedFolder(folder).isWritable
            return isWritable ? nil : FileProblem("write in \(folder)", reason: "its folder is not writable")
        } catch {
            return error
        }
    }

    /// What it holds now; nil where there is none.
    var text: String? {
        get throws(FileProblem) {
            let (folder, name) = TrustedFolder.split(try TrustedFolder.resolve(path))
            return try TrustedFolder(folder).read(name, limit: PersistentFile.largest).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }

    private var queue: DispatchQueue {
        PersistentFile.queues.withLock { queues in
            if let queue = queues[path] { return queue }
            let queue = DispatchQueue(label: "rz.loadbalancing.files")
            queues[path] = queue
            return queue
        }
    }

    /// Replaces the contents; what they are now is handed to `contents`, nil for a file that does not exist.
    /// With nil from `contents` the file stays as it is.
    ///
    /// - Throws: `FileProblem` also for a folder where others may replace files, or who reads the file now could not
    ///   read the new one.
    func replace(_ contents: @escaping @Sendable (String?) -> String?) async throws(FileProblem) {
        let result: Result<Void, FileProblem> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(returning: Result { () throws(FileProblem) in try replaceNamed(contents) })
            }
        }
        try result.get()
    }

    /// With the file's name in what went wrong: that may have been with its folder.
    private func replaceNamed(_ contents: (String?) -> String?) throws(FileProblem) {
        do throws(FileProblem) { try replaceNow(contents) } catch {
            var problem = error
            problem.action = "replace \(path)"
            throw problem
        }
    }

    private func replaceNow(_ contents: (String?) -> String?) throws(FileProblem) {
        let (place, name) = TrustedFolder.split(try TrustedFolder.resolve(path))
        let folder = try TrustedFolder(place)
        let existing = try folder.read(name, limit: PersistentFile.largest).map { String(decoding: $0, as: UTF8.self) }
        guard let new = contents(existing), new != existing else { return }
        let replacement = try folder.replacement(of: name)
        try replacement.write(new.utf8)
        try replacement.keepReaders()
        try replacement.commit()
    }
}
