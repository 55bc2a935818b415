import Migration
import Runbooks

/// Asks a person, one line for an answer.
protocol Dialogue {
    func show(_ text: String)
    /// Nil when no more answers come.
    func answer() -> String?
}

struct TerminalDialogue: Dialogue {
    func show(_ text: String) { Terminal.standardOutput.write(text) }
    func answer() -> String? { readLine() }
}

/// What `rz init` asks. An empty answer takes what stands in brackets; what is not known yet is marked in the files.
struct InitQuestions {
    /// How often one question is asked: an endless stream of wrong answers must end, too.
    private static let patience = 10

    private let dialogue: any Dialogue

    init(_ dialogue: any Dialogue) { self.dialogue = dialogue }

    func complete(_ template: EnvironmentTemplate) throws(Failure) -> EnvironmentTemplate {
        var template = template
        dialogue.show("Enter takes what stands in brackets. What you don't know yet can be filled in later.\n\n")
        template.servers =
            try one("How do servers come to be: terraform or static? [terraform]") {
                text throws(Failure) in
                guard let servers = EnvironmentTemplate.Servers(rawValue: text.lowercased()) else {
                    throw Failure("“\(text)” is neither terraform nor static")
                }
                return servers
            } ?? .terraform
        template.loadBalancers = try several(
            "A load balancer and its admin socket, as edge-1=unix:/run/haproxy/admin.sock or edge-1=tcp:host:port? "
                + "[later]", EnvironmentTemplate.LoadBalancer.init(_:))
        template.backends = try several(
            "A backend of the load balancers that moves? [later]", EnvironmentTemplate.backend)
        template.frameworks = try several(
            "What launches services, as marathon=URL (or metronome, chronos, compose)? "
                + "[marathon=http://{{ control[0].address }}:8080]", EnvironmentTemplate.Framework.init(_:))
        template.mesos = try one("The URL of the Mesos master, if it can be asked? [none]") { text throws(Failure) in
            try EnvironmentTemplate.url(text)
        }
        dialogue.show("\n")
        return template
    }

    /// Nil for an empty answer.
    private func one<Answer>(
        _ question: String, _ read: (String) throws(Failure) -> Answer
    ) throws(Failure) -> Answer? {
        var last: Failure?
        for _ in 0..<InitQuestions.patience {
            dialogue.show(question + " ")
            guard let answer = dialogue.answer() else {
                throw Failure(
                    "The questions were left unanswered; nothing was written",
                    advice: "Answer with Enter to take what stands in brackets, or give flags: rz init --help",
                    kind: .refused)
            }
            let text = InitQuestions.trimmed(answer)
            guard !text.isEmpty else { return nil }
            do throws(Failure) { return try read(text) } catch {
                dialogue.show("\(error)\n")
                last = error
            }
        }
        throw last ?? Failure("No answer was understood", advice: "Give flags: rz init --help")
    }

    private func several<Answer>(
        _ question: String, _ read: (String) throws(Failure) -> Answer
    ) throws(Failure) -> [Answer] {
        var answers: [Answer] = []
        while let answer = try one(answers.isEmpty ? question : "Another? [no]", read) { answers.append(answer) }
        return answers
    }

    private static func trimmed(_ text: String) -> String {
        let rest = text.drop(while: \.isWhitespace)
        guard let last = rest.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(rest[...last])
    }
}
