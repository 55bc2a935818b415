import Foundation

/// The one account that may use the API, as Marathon's `--http_credentials user:password` sets it.
public struct SchedulerCredentials: Sendable, Equatable {
    private let token: String

    /// Marathon's default `--http_realm`.
    private static let realm = "Mesosphere"

    public init(user: String, password: String) {
        token = Data("\(user):\(password)".utf8).base64EncodedString()
    }

    /// Reads `user:password`; nil without a colon.
    init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        self.init(user: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
    }

    /// The answer to a request that does not carry them; nil to one that does. The body is HTML: it is Jetty's.
    func refusal(of request: APIRequest) -> APIResponse? {
        let parts = request.authorization.split(separator: " ", maxSplits: 1)
        if parts.count == 2, parts[0].lowercased() == "basic", parts[1] == token { return nil }
        var response = APIResponse(
            status: 401, contentType: "text/html;charset=iso-8859-1",
            text: "<html><head><title>Error 401 Unauthorized</title></head><body>HTTP ERROR 401</body></html>")
        response.headers.append(("WWW-Authenticate", "Basic realm=\"\(Self.realm)\""))
        return response
    }
}
