import Migration
import Transport

/// Changes that rest on what one process said, and are made in no other.
///
/// In a reload the new process reads the state file first and takes connections later: 10 ms of 85 with 100 backends on
/// 2.6.12 (measured). A weight that the old process takes in between is not in the new one, although it was read back.
extension RuntimeSocket {
    /// A connection stays with the process that took it, so one question decides for all that follows on it.
    ///
    /// - Throws: a transient failure where another process answers by now; nothing was changed in that one.
    func performOnly(in process: LoadBalancerProcess, _ commands: [RuntimeCommand]) async throws(Failure) {
        guard !commands.isEmpty else { return }
        let socket = try await connect()
        defer { socket.close() }
        _ = try await reply(to: "prompt", over: socket, changes: false) { _ in true }
        let info = try await reply(to: HAProxyRuntime.infoQuestion, over: socket, changes: false) { _ in true }
        let pid = HAProxyRuntime.info(in: String(decoding: info, as: UTF8.self))["Pid"].flatMap { Int($0) }
        guard pid == process.pid else { throw replaced(process, by: pid) }
        for batch in RuntimeCommand.batches(commands) {
            let reply = try await reply(to: RuntimeCommand.line(of: batch), over: socket, changes: true) {
                RuntimeReply.toChanges($0).count > batch.count
            }
            let replies = RuntimeReply.toChanges(reply)
            // It was replaced after it took the connection: users come to the other one.
            if replies.contains(where: RuntimeReply.isFromOldProcess) { throw replaced(process, by: nil) }
            try check(replies, of: batch)
        }
    }

    private func connect() async throws(Failure) -> StreamSocket {
        do throws(TransportError) {
            return try await StreamSocket.connect(to: address, deadline: deadline)
        } catch {
            throw Failure(error, of: name, after: deadline, changes: false)
        }
    }

    /// What comes in answer to one line, before the connection's next.
    ///
    /// - Parameter isWhole: whether nothing more is to come, asked where a prompt stands at the end.
    private func reply(
        to line: String, over socket: StreamSocket, changes: Bool, isWhole: ([UInt8]) -> Bool
    ) async throws(Failure) -> [UInt8] {
        let end = ContinuousClock.now + deadline
        do throws(TransportError) {
            try await socket.write(Array((line + "\n").utf8), deadline: end - .now)
            var reply: [UInt8] = []
            while true {
                let piece = try await socket.read(upTo: 64 << 10, deadline: end - .now)
                if piece.isEmpty { return reply }
                reply += piece
                if let text = RuntimeReply.withoutPrompts(reply), isWhole(text) { return text }
            }
        } catch {
            throw Failure(error, of: name, after: deadline, changes: changes)
        }
    }

    private func replaced(_ process: LoadBalancerProcess, by pid: Int?) -> Failure {
        Failure(
            "\(name) was reloaded in the middle of a change", at: address.description,
            details: [
                "process \(process.pid) was looked at, \(pid.map { "process \($0)" } ?? "another one") answers now, and "
                    + "nothing was changed there"
            ], advice: "Look at it again before the next change.", kind: .transient)
    }
}
