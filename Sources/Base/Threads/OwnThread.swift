import Glibc

/// A thread for work that blocks, which would hold up other tasks on a thread of Swift's pool.
public enum OwnThread {
    /// Begins the work on a new thread, which ends with it.
    ///
    /// - Parameter name: as debuggers and top(1) show it; at most 15 bytes count.
    public static func start(_ name: String = "rz", _ work: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let box = Unmanaged.passRetained(Work(name, work))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { pointer in
                guard let pointer else { return nil }
                let work = Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue()
                OwnThread.label(work.name)
                work.body()
                return nil
            }, box.toOpaque())
        precondition(code == 0, "no thread can be made: \(String(cString: strerror(code)))")
    }

    /// Of the calling thread: proc(5), `/proc/pid/task/tid/comm`.
    private static func label(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = write(file, name, name.utf8.count)
    }

    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) { (self.name, self.body) = (name, body) }
    }
}
