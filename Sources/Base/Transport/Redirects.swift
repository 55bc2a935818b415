/// Why a redirect was not followed.
public struct RedirectFault: Sendable, Hashable {
    public enum Cause: Sendable, Hashable {
        /// What is confidential would go to a host that it is not for.
        case foreignHost
        /// From https:// to http://.
        case lowerScheme
        /// More than the request allows.
        case tooMany
        /// To no URL with http or https.
        case malformed
    }

    public var cause: Cause
    /// Scheme, host and port of the server that redirected.
    public var from: String
    /// Those of the target: no path and no query, which may hold a secret.
    public var to: String
    /// The target's host, in small letters.
    public var host: String
}

extension HTTPRequest {
    /// The request that an answer redirects to (RFC 9110, section 15.4); nil for an answer that is no redirect, or
    /// where none is to be followed.
    ///
    /// 303 asks for a GET, the others keep method and body. User and password of the URL itself stay with it, and are
    /// never taken from the answer.
    ///
    /// - Parameters:
    ///   - first: what was asked before any redirect.
    ///   - followed: how many were before.
    /// - Throws: `TransportError` of kind `.redirect`: to a host that what is confidential is not for, to http:// from
    ///   https://, to no URL, or after too many.
    func following(
        _ status: Int, _ headers: HTTPHeaders, from first: HTTPRequest, after followed: Int
    ) throws(TransportError) -> HTTPRequest? {
        guard maximumRedirects > 0, [301, 302, 303, 307, 308].contains(status), let location = headers["Location"],
            let from = URLParts(url)
        else { return nil }
        guard let target = from.resolving(location), let to = URLParts(target), ["http", "https"].contains(to.scheme)
        else { throw refused(.malformed, from, nil) }
        guard from.scheme != "https" || to.scheme == "https" else { throw refused(.lowerScheme, from, to) }
        guard followed < maximumRedirects else { throw refused(.tooMany, from, to) }
        var next = self
        next.url = target
        if status == 303, method != .head {
            next.method = .get
            next.body = nil
        }
        let isOwn = to.name == URLParts(first.url)?.name || mayRedirectTo(to.name)
        if next.isConfidential || from.hasUserInformation, !isOwn {
            throw refused(.foreignHost, from, to)
        }
        return next
    }

    /// Whether it holds what is not for everyone: who asks, in whatever form, or a body.
    private var isConfidential: Bool {
        credentials != nil || tls.certificate != nil || body?.isEmpty == false
            || headers.contains { !HTTPRequest.publicHeaders.contains($0.name.lowercased()) }
    }

    private static let publicHeaders: Set<String> = ["accept", "content-type", "user-agent"]

    private func refused(_ cause: RedirectFault.Cause, _ from: URLParts, _ to: URLParts?) -> TransportError {
        let target = to?.origin ?? "what is no URL with http or https"
        let reason =
            switch cause {
            case .foreignHost: ": what the request holds is not for that host"
            case .lowerScheme: ": from https:// to http://"
            case .tooMany: ", after \(maximumRedirects) others"
            case .malformed: ""
            }
        var error = TransportError(
            .redirect, target: "\(method) \(shownURL)", message: "the redirect to \(target) is not followed\(reason)")
        error.redirect = RedirectFault(cause: cause, from: from.origin, to: target, host: to?.name ?? "")
        return error
    }
}
