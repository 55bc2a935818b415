import Foundation
import Glibc

/// Takes a sandbox away when the process of its test ends without having done so, also when it is killed.
///
/// Sendable: nothing of it changes after it was made.
final class Keeper: @unchecked Sendable {
    private let process = Process()
    private let input: FileHandle

    /// - Parameter folder: where the sandbox is, and what is removed in the end.
    init(folder: String, rz: URL) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, folder, rz.path]
        // No other program that the test starts may hold the pipe open.
        let pipe = Pipe()
        input = pipe.fileHandleForWriting
        try require(fcntl(input.fileDescriptor, F_SETFD, FD_CLOEXEC) == 0, "the keeper's pipe would be inherited")
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// Lets it go, after it has taken away what is still there.
    func end() {
        try? input.close()
        process.waitUntilExit()
    }
}

// Its input ends with the process that holds the other end.
private let script = """
    import os, shutil, signal, subprocess, sys
    sys.stdin.read()
    folder, rz = sys.argv[1:]
    home = b"RZ_HOME=" + os.fsencode(folder) + b"/home"
    def read(pid, name):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file: return file.read().split(b"\\0")
        except OSError: return []
    if os.path.isdir(folder):
        for pid in (name for name in os.listdir("/proc") if name.isdigit()):
            if os.fsencode(rz) in read(pid, "cmdline") and home in read(pid, "environ"):
                try: os.kill(int(pid), signal.SIGKILL)
                except OSError: pass
        variables = dict(os.environ, RZ_HOME=folder + "/home", RZ_ROOT=folder + "/root")
        subprocess.run([rz, "sandbox", "down"], env=variables, timeout=120)
        shutil.rmtree(folder, ignore_errors=True)
    """
