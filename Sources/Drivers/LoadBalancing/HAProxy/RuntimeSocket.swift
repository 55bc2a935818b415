import Migration
import Transport

/// One load balancer's socket: a line goes in, the replies to its commands come out, the connection ends.
///
/// Connections are as short as HAProxy's own tools make them: it serves ten at a time (`stats maxconn`) and leaves
/// further ones without an answer. Source: HAProxy 2.6 management guide, section 9.3.
struct RuntimeSocket: Sendable {
    let name: LoadBalancerID
    let address: SocketAddress
    /// For one line and all its replies.
    let deadline: Duration
    /// Signals that no further line comes: the socket of a master process ends the connection only then.
    var endsWriting = false

    /// More than thirty thousand servers; what is longer is not from HAProxy.
    private static let largestReply = 64 << 20

    /// Asks for what changes nothing.
    func ask(_ commands: [String]) async throws(Failure) -> [String] {
        let reply = try await exchange(commands.joined(separator: ";"), changes: false)
        guard let answers = RuntimeReply.sections(of: reply, count: commands.count) else {
            throw Failure(
                "\(name) ended the connection in the middle of an answer", at: address.description,
                details: ["\(reply.count) bytes came for: \(commands.joined(separator: "; "))"],
                kind: .transient)
        }
        return answers
    }

    /// The one answer to a command, whatever it looks like.
    func answer(to command: String) async throws(Failure) -> String {
        String(decoding: try await exchange(command, changes: false), as: UTF8.self)
    }

    /// Hands over each line of the answer to a command as it comes, so that a long one needs no memory.
    func readLines(of command: String, _ take: (Substring) -> Void) async throws(Failure) {
        var rest: [UInt8] = []
        try await exchange(command, changes: false) { piece in
            rest += piece
            guard let end = rest.lastIndex(of: 10) else { return }
            for line in rest[..<end].split(separator: 10) { take(Substring(decoding: line, as: UTF8.self)) }
            rest.removeSubrange(...end)
        }
        if !rest.isEmpty { take(Substring(decoding: rest, as: UTF8.self)) }
    }

    /// The replies to changes that all are refused, in their order.
    func refusals(of commands: [RuntimeCommand]) async throws(Failure) -> [String] {
        var replies: [String] = []
        for batch in RuntimeCommand.batches(commands) {
            let reply = RuntimeReply.toChanges(try await exchange(RuntimeCommand.line(of: batch), changes: false))
            replies += reply.dropFirst().prefix(batch.count)
        }
        return replies
    }

    /// Makes changes in their order, as few lines as they fit in; a line with a refused change is the last one.
    ///
    /// - Parameter process: the only one that may make them; nil for whoever answers.
    func perform(_ commands: [RuntimeCommand], in process: LoadBalancerProcess? = nil) async throws(Failure) {
        if let process { return try await performOnly(in: process, commands) }
        for batch in RuntimeCommand.batches(commands) { try check(try await replies(to: batch), of: batch) }
    }

    func check(_ replies: [String], of batch: [RuntimeCommand]) throws(Failure) {
        let refusals = zip(batch, replies.dropFirst()).filter { $0.0.mustSucceed && !$0.1.isEmpty }
        if let first = refusals.first {
            throw refusal(of: first.0, first.1, others: refusals.dropFirst().map { "\($0.0.text): \($0.1)" })
        }
        guard replies.count == batch.count + 1, replies[0].isEmpty else {
            throw Failure(
                "\(name) ended the connection in the middle of a change", at: address.description,
                details: ["\(max(0, replies.count - 1)) of \(batch.count) commands were answered"],
                advice: "Which of them it carried out is unknown: read its weights back before the next change.",
                kind: .unknownEffect)
        }
    }

    /// Makes one change whose success is told in words: HAProxy 2.6 ends them with an empty line or without.
    func perform(_ command: RuntimeCommand, succeedingWith words: String) async throws(Failure) {
        let answers = try await replies(to: [command]).filter { !$0.isEmpty }
        guard answers != [words] else { return }
        guard let answer = answers.first else {
            throw Failure(
                "\(name) did not say whether it made a change", at: address.description, details: [command.place()],
                advice: "Read its servers back before the next change.", kind: .unknownEffect)
        }
        throw refusal(of: command, answer, others: [])
    }

    /// In a reload the process from before may still take a connection, most often with 3.2: in 6 of 8 reloads under
    /// commands without a pause, 2.6.12 in 3, 3.0.11 in 1 (measured). It refuses what would change a server, and the next
    /// connection is the new process's, so the whole batch is sent again: each of its commands sets what should be.
    private func replies(to batch: [RuntimeCommand]) async throws(Failure) -> [String] {
        for _ in 0..<5 {
            let replies = RuntimeReply.toChanges(try await exchange(RuntimeCommand.line(of: batch), changes: true))
            guard replies.contains(where: RuntimeReply.isFromOldProcess) else { return replies }
            do { try await Task.sleep(for: .milliseconds(100)) } catch { throw .cancelled }
        }
        return RuntimeReply.toChanges(try await exchange(RuntimeCommand.line(of: batch), changes: true))
    }

    private func refusal(of command: RuntimeCommand, _ reply: String, others: [String]) -> Failure {
        Failure(
            "\(name) refused \(command.subject): \"\(reply)\"", at: address.description,
            details: [command.place()] + others.prefix(5) + (others.count > 5 ? ["and \(others.count - 5) more"] : []),
            advice: RuntimeReply.advice(for: reply),
            kind: RuntimeReply.mayPass(reply) ? .transient : .permanent)
    }

    private func exchange(_ line: String, changes: Bool) async throws(Failure) -> [UInt8] {
        var reply: [UInt8] = []
        try await exchange(line, changes: changes) { reply += $0 }
        return reply
    }

    private func exchange(
        _ line: String, changes: Bool, _ take: ([UInt8]) -> Void
    ) async throws(Failure) {
        do throws(TransportError) {
            try await exchange(Array((line + "\n").utf8), take)
        } catch {
            throw Failure(error, of: name, after: deadline, changes: changes)
        }
    }

    private func exchange(_ line: [UInt8], _ take: ([UInt8]) -> Void) async throws(TransportError) {
        let end = ContinuousClock.now + deadline
        let socket = try await StreamSocket.connect(to: address, deadline: deadline)
        defer { socket.close() }
        // HAProxy stops reading while no one takes its replies, so both directions move at the same time.
        async let writing = Result { () async throws(TransportError) in
            try await socket.write(line, deadline: end - .now)
            if endsWriting { socket.endWriting() }
        }
        var length = 0
        while true {
            let piece = try await socket.read(upTo: 64 << 10, deadline: end - .now)
            if piece.isEmpty { break }
            take(piece)
            length += piece.count
            guard length <= RuntimeSocket.largestReply else {
                throw TransportError(
                    .tooLarge, target: address.description,
                    message: "the answer is longer than \(RuntimeSocket.largestReply >> 20) MiB", effectIsUnknown: true)
            }
        }
        try await writing.get()
    }
}

extension Result where Success: Sendable {
    init(_ work: () async throws(Failure) -> Success) async {
        do throws(Failure) { self = .success(try await work()) } catch { self = .failure(error) }
    }
}

extension Failure {
    /// What a broken connection to a load balancer means for the run.
    init(_ error: TransportError, of name: LoadBalancerID, after deadline: Duration, changes: Bool) {
        let isUnknown = changes && error.effectIsUnknown
        let afterwards = isUnknown ? "Read its weights back before the next change." : nil
        func failure(_ summary: String, _ advice: String?, _ kind: Kind) -> Failure {
            Failure(
                "\(name) \(summary)", at: error.target, details: [error.message],
                advice: afterwards ?? advice, kind: isUnknown ? .unknownEffect : kind)
        }
        self =
            switch error.kind {
            case .cancelled: Failure("The request to \(name) was cancelled", at: error.target, kind: .cancelled)
            case .refused where error.message.hasPrefix("Permission denied"):
                failure(
                    "does not let this user use its socket",
                    "Run rz as a user who may write to it, or set its `user`, `group` and `mode` in `stats socket`.",
                    .permanent)
            case .refused:
                failure(
                    "can't be reached", "See whether HAProxy runs there and whether its `stats socket` is this one.",
                    .transient)
            case .timedOut: failure("did not answer within \(deadline)", "See whether HAProxy is stuck.", .transient)
            case .nameResolution: failure("has an address that can't be resolved", nil, .transient)
            case .malformed: failure("has a socket that can't be used", "Correct it in the environment.", .permanent)
            case .tooLarge: failure("gives an answer without an end", "See what listens there.", .permanent)
            default: failure("broke the connection", "See whether HAProxy runs there.", .transient)
            }
    }
}
