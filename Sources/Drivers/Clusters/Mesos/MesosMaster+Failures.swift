import JSON
import Migration
import Transport
import Trust

/// What goes wrong at a master, in words.
extension MesosMaster {
    func failure(of error: TransportError) -> Failure {
        Failure(
            error, calling: "The Mesos master", at: place, tls: tls,
            advice: "See whether it runs and this host reaches it, and the leader that it names.")
    }

    func failure(of error: JSONError, _ path: String) -> Failure {
        Failure("Mesos' answer is not JSON", at: place + path, details: [error.description])
    }

    /// - Parameter path: what was asked for.
    func failure(of answer: HTTPResponse, _ path: String) -> Failure {
        let place = place + path
        let words = MesosMaster.words(answer)
        switch answer.status {
        case 401:
            return Failure(
                "Mesos requires authentication (HTTP 401)", at: place, details: words,
                advice: "Give a user (principal) and a password (secret) for this master.")
        case 403:
            return Failure(
                "Mesos refuses", at: place, details: words,
                advice: "Let the user (principal) view this, by the master's ACLs.")
        case 404:
            return Failure("This is not a Mesos master", at: place, details: words)
        case 503 where answer.text.contains("No leader elected"):
            return Failure(
                "The Mesos masters have no leader at the moment", at: place,
                advice: "One is elected while most of the ZooKeeper servers can be reached.", kind: .transient)
        case 503 where answer.text.contains("has not finished recovery"):
            return Failure(
                "The leading Mesos master is still reading its registry", at: place,
                advice: "It was elected a moment ago.", kind: .transient)
        case 500...:
            return Failure("The Mesos master failed", at: place, details: words, kind: .transient)
        default:
            return Failure("Mesos answered \(answer.status)", at: place, details: words)
        }
    }

    /// Mesos explains itself in plain text.
    private static func words(_ answer: HTTPResponse) -> [String] {
        let text = answer.text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return text.isEmpty ? ["status \(answer.status)"] : [Failure.shortened(text, to: 300)]
    }
}
