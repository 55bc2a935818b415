import Foundation
import Glibc

/// Takes a test's folder away with every process that belongs to it, also when the test's process is killed.
///
/// Sendable: nothing of it changes after it was made.
package final class FolderKeeper: @unchecked Sendable {
    private let process = Process()
    private let input: FileHandle

    /// - Parameter folder: of the test; a process belongs to it if its `RZ_HOME` or its working folder lies there.
    package init(folder: String) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, folder]
        // No other program that the test starts may hold the pipe open.
        let pipe = Pipe()
        input = pipe.fileHandleForWriting
        try require(fcntl(input.fileDescriptor, F_SETFD, FD_CLOEXEC) == 0, "the keeper's pipe would be inherited")
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// Takes it away, and waits until it is gone.
    package func end() {
        try? input.close()
        process.waitUntilExit()
    }
}

// Its input ends with the process that holds the other end. A stopped process is killed as well as another.
private let script = """
    import os, shutil, signal, sys
    sys.stdin.read()
    folder = sys.argv[1]
    home = b"RZ_HOME=" + os.fsencode(folder) + b"/home"
    def belongs(pid):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if home in file.read().split(b"\\0"): return True
            return os.readlink(f"/proc/{pid}/cwd").startswith(folder)
        except OSError: return False
    for _ in range(3):
        for pid in (name for name in os.listdir("/proc") if name.isdigit()):
            if belongs(pid):
                try: os.kill(int(pid), signal.SIGKILL)
                except OSError: pass
    shutil.rmtree(folder, ignore_errors=True)
    """
