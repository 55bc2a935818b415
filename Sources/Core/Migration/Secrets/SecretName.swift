/// Whether a variable's name says that its value is no one else's business.
public enum SecretName {
    private static let words = [
        "password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "private_key", "privatekey",
        "apikey", "api_key", "access_key", "accesskey", "auth_key", "authkey", "dsn", "webhook",
    ]

    public static func matches(_ name: String) -> Bool {
        let name = name.lowercased().replacing("-", with: "_")
        // The working directory of a shell.
        if ["pwd", "oldpwd"].contains(name) { return false }
        return name == "pass" || name.hasSuffix("_pass") || words.contains { name.contains($0) }
    }

    /// The same beyond doubt, for what is refused and not only hidden: by whole words, and not of where a secret is found.
    static func isSurely(_ name: String) -> Bool {
        let parts = name.uppercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        if let last = parts.last, sureNot.contains(last) { return false }
        let whole = parts.joined(separator: "_")
        return parts.contains(where: sure.contains) || surePairs.contains { whole.contains($0) }
    }

    private static let sureNot: Set<String> = ["FILE", "PATH", "DIR", "ID", "NAME", "URL", "TTL"]
    private static let sure: Set<String> = [
        "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "SECRETS", "TOKEN", "CREDENTIAL", "CREDENTIALS", "APIKEY",
    ]
    private static let surePairs = ["API_KEY", "PRIVATE_KEY", "SECRET_KEY", "ACCESS_KEY", "ENCRYPTION_KEY"]
}

extension String {
    /// The password of a URL with one: `https://user:password@host` (RFC 3986, section 3.2.1). A reference is none.
    public var passwordInURL: String? {
        guard let userInfo = userInfoInURL, let colon = self[userInfo].firstIndex(of: ":") else { return nil }
        let password = self[index(after: colon)..<userInfo.upperBound]
        return password.isEmpty || password.contains("${") ? nil : String(password)
    }

    /// The text with who logs in to the URL in it masked.
    public var withoutUserInfo: String {
        guard let userInfo = userInfoInURL else { return self }
        return self[..<userInfo.lowerBound] + Secrets.mask + self[userInfo.upperBound...]
    }

    private var userInfoInURL: Range<Index>? {
        guard let scheme = firstRange(of: "://") else { return nil }
        let authority = self[scheme.upperBound...].prefix { !"/?# ".contains($0) }
        guard let end = authority.lastIndex(of: "@") else { return nil }
        return scheme.upperBound..<end
    }
}
