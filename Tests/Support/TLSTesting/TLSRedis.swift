import Foundation
import FreePorts

/// A real Redis that speaks TLS and nothing else, with the password `hush` and nothing on disk.
package struct TLSRedis {
    package let address: String

    /// Debian's redis-tools has the server, under the name of another program that it is too.
    private static let program = "/usr/bin/redis-check-rdb"

    package static var isThere: Bool { FileManager.default.isExecutableFile(atPath: program) }

    package static func with(
        _ certificate: TestCertificate, of authority: TestAuthority, _ body: (TLSRedis) async throws -> Void
    ) async throws {
        let port = try FreePorts.claim()
        let keeper = Process()
        let input = Pipe()
        keeper.executableURL = URL(filePath: "/usr/bin/env")
        keeper.arguments = [
            "python3", "-c", script, program, "\(port)", certificate.file, certificate.key, authority.file,
        ]
        keeper.standardInput = input
        // No task that another test starts may hold the pipe open.
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try keeper.run()
        defer {
            try? input.fileHandleForWriting.close()
            keeper.waitUntilExit()
        }
        try await body(TLSRedis(address: "127.0.0.1:\(port)"))
    }
}

// The server ends with the process that holds the other end of the input.
private let script = """
    import subprocess, sys
    program, port, certificate, key, authority = sys.argv[1:]
    settings = f'''bind 127.0.0.1
    port 0
    tls-port {port}
    tls-cert-file {certificate}
    tls-key-file {key}
    tls-ca-cert-file {authority}
    tls-auth-clients no
    requirepass hush
    save ""
    appendonly no
    dir /tmp
    '''
    redis = subprocess.Popen(
        ["redis-server", "-"], executable=program, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    redis.stdin.write(settings.encode())
    redis.stdin.close()
    sys.stdin.buffer.read()
    redis.kill()
    redis.wait()
    """
