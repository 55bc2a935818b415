import Migration
import Transport

/// Conversations with HAProxy's runtime API, one connection each.
///
/// Source: HAProxy 2.6 management guide, section 9.3. Replies of several commands on one line come back to back and
/// can't be told apart by blank lines on 2.6, so commands that change something are sent with severity numbers on,
/// where each error begins with `[n]:` and each success is exactly one empty line.
struct RuntimeConnection: Sendable {
    let name: LoadBalancerID
    let address: SocketAddress
    let deadline: Duration

    /// HAProxy's buffer holds 16 kB; a longer command is never answered by 2.6.
    private static let longestLine = 15_000

    /// Asks one question and gives the whole answer.
    func ask(_ command: String) async throws(Failure) -> String {
        let answer = try await exchange(command + "\n", mayHaveEffect: false)
        try refuse(answer, command)
        return answer
    }

    /// Performs commands in their order, each of which answers with an empty line when it succeeded.
    ///
    /// - Throws: `Failure` that names the first command that was refused, and why. A batch goes on after a refused
    ///   command, so others may have had their effect.
    func perform(_ commands: [String]) async throws(Failure) {
        for line in batches(commands) {
            let answer = try await exchange(
                "set severity-output number;" + line.joined(separator: ";") + "\n", mayHaveEffect: true)
            // The first empty line answers the severity command.
            try check(answer, line)
        }
    }

    private func check(_ answer: String, _ commands: [String]) throws(Failure) {
        if answer == String(repeating: "\n", count: commands.count + 1) { return }
        let refusals = answer.split(separator: "\n").filter { !$0.isEmpty }
        if let refusal = refusals.first {
            throw refused(String(refusal.drop { $0 != " " }.dropFirst()), commands.count == 1 ? commands[0] : nil)
        }
        throw Failure(
            "\(name) broke off in the middle of \(commands.count) commands", at: address.description,
            advice: "Its weights are read back before anything else is done.", kind: .unknownEffect)
    }

    private func batches(_ commands: [String]) -> [[String]] {
        var batches: [[String]] = []
        var size = 0
        for command in commands {
            size += command.utf8.count + 1
            if batches.isEmpty || size > RuntimeConnection.longestLine {
                batches.append([])
                size = command.utf8.count + 1
            }
            batches[batches.count - 1].append(command)
        }
        return batches
    }

    /// Sends a line and reads until HAProxy closes the connection, writing and reading at the same time: HAProxy
    /// stops reading while nobody takes its answers.
    private func exchange(_ line: String, mayHaveEffect: Bool) async throws(Failure) -> String {
        do throws(TransportError) {
            let socket = try await StreamSocket.connect(to: address, deadline: deadline)
            defer { socket.close() }
            async let writing: Void = socket.write(Array(line.utf8), deadline: deadline)
            var answer: [UInt8] = []
            do throws(TransportError) {
                while true {
                    let bytes = try await socket.read(deadline: deadline)
                    if bytes.isEmpty { break }
                    answer += bytes
                    guard answer.count < 64 << 20 else {
                        throw TransportError(.tooLarge, target: address.description, message: "an answer without end")
                    }
                }
            } catch {
                _ = try? await writing
                throw error
            }
            _ = try? await writing
            return String(decoding: answer, as: UTF8.self)
        } catch {
            throw failure(of: error, mayHaveEffect)
        }
    }

    private func failure(of error: TransportError, _ mayHaveEffect: Bool) -> Failure {
        let place = "\(name), \(address)"
        switch error.kind {
        case .cancelled: return .cancelled
        case .refused where error.message.contains("ermission"):
            return Failure(
                "\(name): this user may not use the admin socket", at: place, details: [error.message],
                advice: "Give the user of rz access to the socket (`stats socket … user/group/mode`).")
        case .refused:
            return Failure(
                "\(name) can't be reached", at: place, details: [error.message],
                advice: "See whether HAProxy runs there, and whether the socket is right.", kind: .transient)
        default:
            return Failure(
                "\(name) does not answer", at: place, details: [error.message],
                kind: mayHaveEffect && error.effectIsUnknown ? .unknownEffect : .transient)
        }
    }

    /// Answers to questions that are refusals, in HAProxy's words.
    private func refuse(_ answer: String, _ command: String) throws(Failure) {
        let text = answer.split(separator: "\n").first.map(String.init) ?? ""
        let refusals = [
            "Permission denied", "No such backend", "No such server", "No such proxy", "Can't find backend",
            "Unknown command",
            "Unknown map identifier",
        ]
        if refusals.contains(where: { text.hasPrefix($0) }) { throw refused(text, command) }
    }

    private func refused(_ text: String, _ command: String?) -> Failure {
        var failure = Failure(
            "\(name) refused: “\(text)”", at: "\(name), \(address)", details: command.map { ["command: \($0)"] } ?? [])
        if text.contains("Permission denied") {
            failure.advice = "The socket's level is too low: set `stats socket … level admin`."
        } else if text.contains("static LB algorithm") {
            failure.advice = "This backend's `balance` can't take weights: use a dynamic one, roundrobin or leastconn."
        } else if text.hasPrefix("No such") {
            failure.advice = "Compare `traffic` in environment.yaml with the configuration of \(name)."
        }
        return failure
    }
}
