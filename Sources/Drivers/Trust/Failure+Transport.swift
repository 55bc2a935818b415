import FoundationEssentials
import Glibc
import Migration
import Transport

extension Failure {
    /// A call that got no answer.
    ///
    /// - Parameters:
    ///   - system: who was called, for people: `Marathon`, `The Mesos master`.
    ///   - place: its URL or address.
    ///   - advice: what to do where TLS is not the cause.
    public init(
        _ error: TransportError, calling system: String, at place: String, tls: TLSAccess,
        advice: String = "See whether it runs and this host reaches it."
    ) {
        if let fault = error.tls {
            let words = TLSWords(fault, error.message, tls)
            self.init(
                "\(system) can't be called over TLS: \(words.summary)", at: place, details: words.details,
                advice: words.advice, kind: fault.cause == .notYetValid ? .transient : .permanent)
            return
        }
        if let redirect = error.redirect {
            self.init(redirect, of: system, at: place)
            return
        }
        let kind: Failure.Kind =
            error.kind == .cancelled
            ? .cancelled : error.effectIsUnknown ? .unknownEffect : error.isTransient ? .transient : .permanent
        self.init(
            "\(system) does not answer: \(error.message)", at: place,
            advice: [advice, error.hint(tls)].compactMap { $0 }.joined(separator: " "), kind: kind)
    }
}

extension Failure {
    /// A redirect that is not followed.
    private init(_ redirect: RedirectFault, of system: String, at place: String) {
        let start = "\(system) redirects from \(redirect.from) to \(redirect.to)"
        switch redirect.cause {
        case .foreignHost:
            self.init(
                "\(start), which is neither its configured host nor a server of this color", at: place,
                details: ["nothing was sent there: the request holds credentials or a body"],
                advice: "If it is one of its members, add `leaders: [\(redirect.host)]` beside this URL in "
                    + "environment.yaml; else see who answers at this URL.", kind: .refused)
        case .lowerScheme:
            self.init(
                "\(start), from https:// to http://", at: place,
                details: ["rz does not continue without TLS what began with it"],
                advice: "Let it redirect to https://, or write the URL of its leader.", kind: .refused)
        case .tooMany:
            self.init(
                "\(start), after too many others", at: place, advice: "See whether it has elected a leader.",
                kind: .transient)
        case .malformed: self.init(start, at: place, advice: "See who answers at this URL.")
        }
    }
}

extension TransportError {
    /// What went wrong, in one sentence with the true cause.
    public func sentence(_ tls: TLSAccess) -> String {
        guard let fault = self.tls else { return description }
        let words = TLSWords(fault, message, tls)
        return ["\(target): \(words.summary)", words.advice].joined(separator: ". ")
    }

    /// Of what a connection that ended may have been about.
    fileprivate func hint(_ access: TLSAccess) -> String? {
        if target.contains("http://"), kind == .connectionLost || message.contains("HTTP/0.9") {
            return "If it speaks TLS, write https:// in its URL."
        }
        // A refusal that comes after the client has sent its request may be lost with the connection.
        if target.contains("https://"), kind == .connectionLost, access.rules.clientCertificate == nil {
            return "If it demands a client certificate, set `tls: { clientCertificate: … }` "
                + "at \(access.key) in environment.yaml."
        }
        return nil
    }
}

/// What is wrong with a TLS connection, and what to write where.
struct TLSWords {
    var summary: String
    var details: [String] = []
    var advice: String

    /// - Parameter message: the TLS library's own words.
    init(_ fault: TLSFault, _ message: String, _ access: TLSAccess) {
        let place = "at \(access.key) in environment.yaml"
        let server = fault.server
        let certificate = fault.certificate
        let look = "openssl s_client -connect \(server) -showcerts </dev/null"
        switch fault.cause {
        case .expired:
            summary = "a certificate of \(server) expired on \(certificate?.ends.day ?? "a day in the past")"
            advice = "Give the server a new one, or set this host's clock if it is wrong."
        case .notYetValid:
            summary = "a certificate of \(server) begins on \(certificate?.begins.moment ?? "a day to come")"
            advice = "Compare the clocks of this host and of the one that made it."
        case .wrongName:
            let names = certificate?.names ?? []
            summary =
                "the certificate of \(server) is not for \(fault.name)"
                + (names.isEmpty ? "" : ", but for \(names.joined(separator: ", "))")
            advice = "If this server is meant, set `tls: { serverName: \(names.first ?? "NAME") }` \(place)."
        case .selfSigned:
            summary = "the certificate of \(server) is self-signed, and rz does not trust it here"
            advice =
                "If this server is meant, put its certificate into \(TLSWords.file(access)) \(place). See it with: \(look)"
        case .unknownAuthority:
            summary =
                "the certificate of \(server) was issued by an authority that rz does not trust here"
                + (certificate.map { ": \($0.issuer)" } ?? "")
            advice =
                "Put that authority's certificate into \(TLSWords.file(access)) \(place). See the chain with: \(look)"
        case .clientCertificate:
            let isShown = access.rules.clientCertificate != nil
            summary =
                isShown
                ? "\(server) rejected the client certificate" : "\(server) demands a client certificate"
            let change = isShown ? "Check" : "Set"
            advice =
                "\(change) `tls: { clientCertificate: { certificate: FILE, key: \"${file:/etc/rz/client.key}\" } }` \(place)."
        case .noTLS:
            summary = "\(server) does not speak TLS"
            advice = "Enable TLS there; or, if others may read the traffic, call it without."
        case .ownFiles:
            summary = "the authorities, the client certificate or its key can't be used"
            advice = "Check the files that `tls` names \(place): PEM, and a key that belongs to the certificate."
        case .other:
            summary = message
            advice = "See what the server offers with: openssl s_client -connect \(server) </dev/null"
        }
        if let certificate, fault.cause != .unknownAuthority {
            details.append("certificate of \(certificate.subject), issued by \(certificate.issuer)")
        }
        if summary != message { details.append(message) }
    }

    /// Where a certificate to trust belongs.
    private static func file(_ access: TLSAccess) -> String {
        access.rules.authorities.map { "its authorities \($0), named" }
            ?? "a file, and name it by `tls: { authorities: FILE }`"
    }
}

extension Date {
    var instant: Instant { Instant(milliseconds: Int64(timeIntervalSince1970 * 1000)) }

    /// `2027-01-31`.
    var day: String { String(instant.description.prefix(10)) }

    fileprivate var moment: String { "\(day) at \(instant.clock) UTC" }
}
