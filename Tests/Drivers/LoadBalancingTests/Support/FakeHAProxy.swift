import Foundation

/// A socket that answers as told, connection by connection.
struct FakeHAProxy {
    enum Answer {
        /// Sends a text and ends the connection.
        case text(String)
        /// Sends a text over and over, for ever.
        case endless(String)
        /// Sends a text and keeps the connection open.
        case silence(after: String)
    }

    let socket: String
    private let peer: Peer
    private let folder: String

    /// The last answer is given to all further connections.
    init(_ answers: [Answer]) async throws {
        folder = try temporaryFolder()
        socket = "unix:\(folder)/fake.sock"
        let steps = answers.flatMap { answer in
            switch answer {
            case .text(let text): ["text", text]
            case .endless(let text): ["endless", text]
            case .silence(let text): ["silence", text]
            }
        }
        peer = try await Peer(script, ["\(folder)/fake.sock", "\(folder)/lines"] + steps)
    }

    func stop() {
        peer.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The lines that came, in their order.
    var lines: [String] {
        ((try? String(contentsOfFile: folder + "/lines", encoding: .utf8)) ?? "").split(separator: "\n").map(
            String.init)
    }
}

private let script = """
    import select
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(50)
    lines = open(sys.argv[2], "wb", buffering=0)
    steps = list(zip(sys.argv[3::2], sys.argv[4::2]))
    def answer(connection, kind, text):
        try:
            lines.write(connection.makefile("rb").readline())
            connection.sendall(text.encode())
            # Until the client leaves.
            while kind == "endless" and not select.select([connection], [], [], 0.01)[0]:
                connection.sendall(text.encode())
            while kind == "silence" and connection.recv(1000): pass
        except OSError: pass
        connection.close()
    def serve():
        for number in range(1000000):
            connection, _ = listener.accept()
            kind, text = steps[min(number, len(steps) - 1)]
            threading.Thread(target=answer, args=(connection, kind, text), daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    announce_until_test_ends("ready")
    """
