import JSON
import Migration
import Transport
import Trust

/// A user of DC/OS, who gets a token for a password.
///
/// Source: DC/OS 2.x, Identity and Access Management API, `POST /acs/api/v1/auth/login`.
struct DCOSLogin: Sendable, Hashable {
    let url: String
    let user: String
    let password: String

    /// The token of this process, asked for when there is none yet.
    ///
    /// - Parameter renewing: whether the last one was refused.
    func token(renewing: Bool, _ tls: TLSAccess, _ reach: Reach, deadline: Duration) async throws(Failure) -> String {
        if !renewing, let known = await DCOSTokens.shared.tokens[self] { return known }
        let token = try await logIn(tls, reach, deadline)
        await DCOSTokens.shared.set(token, for: self)
        return token
    }

    private func logIn(_ tls: TLSAccess, _ reach: Reach, _ deadline: Duration) async throws(Failure) -> String {
        let body = JSON.object(JSONObject([("uid", .string(user)), ("password", .string(password))])).compact
        let request = try reach.bound(
            HTTPRequest(
                .post, url, headers: [HTTPHeader("Content-Type", "application/json")], body: Array(body.utf8),
                deadline: deadline, tls: try tls.options(for: url), maximumRedirects: 0))
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await HTTPClient.shared.send(request)
        } catch {
            var failure = Failure(error, calling: "The login of DC/OS", at: request.shownURL, tls: tls)
            // The call itself was not made yet, and one more token does no harm.
            if failure.kind == .unknownEffect { failure.kind = .transient }
            throw failure
        }
        guard response.isSuccess, let token = (try? JSON(parsing: response.body))?["token"]?.string else {
            throw Failure(
                "DC/OS gives no token", at: request.shownURL, details: ["status \(response.status)"],
                advice: "Check `user`, `password` and `login` of this source in environment.yaml.",
                kind: response.status >= 500 ? .transient : .permanent)
        }
        return token
    }
}

/// The tokens that this process got; drivers come and go with each step.
private actor DCOSTokens {
    static let shared = DCOSTokens()

    private(set) var tokens: [DCOSLogin: String] = [:]

    func set(_ token: String, for login: DCOSLogin) { tokens[login] = token }
}
