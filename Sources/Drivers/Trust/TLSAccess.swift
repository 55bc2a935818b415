import Glibc
import Migration
import Transport

/// Whom rz trusts at one place of environment.yaml, and who calls there: the one way from `TLSRules` to Transport's
/// options.
///
/// What the rules refer to is read for each request: a server that was built again has another certificate, and a
/// certificate may be renewed while a run goes on.
public struct TLSAccess: Sendable {
    /// The place, for people: `services.sources[].marathon`.
    let key: String
    let rules: TLSRules
    private let inventory: Inventory
    private let resolver: Resolver

    /// - Parameter key: what holds `tls` in environment.yaml.
    public init(_ rules: TLSRules?, at key: String, inventory: Inventory, resolver: @escaping Resolver) {
        self.key = key
        self.rules = rules ?? TLSRules()
        self.inventory = inventory
        self.resolver = resolver
    }

    /// The options for a URL; those of a URL without TLS read nothing.
    ///
    /// - Throws: `Failure` when a file can't be read or others may read the key.
    public func options(for url: String) throws(Failure) -> TLSOptions {
        url.lowercased().hasPrefix("https:") ? try options() : TLSOptions()
    }

    /// The options for what speaks TLS in any case.
    public func options() throws(Failure) -> TLSOptions {
        var options = TLSOptions(verifiesPeer: rules.insecure == nil)
        options.serverName = try rules.serverName.map { name throws(Failure) in try inventory.fill(name, resolver) }
        if rules.insecure == nil { options.authorities = try rules.authorities.map(certificates) }
        if let client = rules.clientCertificate {
            options.certificate = try certificates(client.certificate)
            options.key = try privateKey(client.key)
        }
        return options
    }

    private func certificates(_ file: Setting) throws(Failure) -> String {
        let path = try inventory.fill(file, resolver)
        guard !path.contains("${"), !path.contains("}") else {
            throw Failure("“\(path)” is not the path of a file with certificates", at: "\(key).tls")
        }
        let text = try resolver(Setting("${file:\(path)}"))
        guard text.contains("-----BEGIN CERTIFICATE-----") else {
            throw Failure(
                "\(path) holds no certificate", at: "\(key).tls",
                advice: "Name a file in PEM form: it has lines “-----BEGIN CERTIFICATE-----”.")
        }
        return text
    }

    private func privateKey(_ setting: Setting) throws(Failure) -> String {
        try refuseReadable(setting)
        let text = try resolver(setting)
        guard text.contains("PRIVATE KEY-----") else {
            throw Failure(
                "\(setting) holds no private key", at: "\(key).tls.clientCertificate",
                advice: "Name a key in PEM form, without a passphrase: “-----BEGIN PRIVATE KEY-----”.")
        }
        return text
    }

    /// As ssh does: a key that others may read is no secret any more.
    private func refuseReadable(_ setting: Setting) throws(Failure) {
        guard case .reference("file", let name) = setting.parts.first else { return }
        let path = try resolver(name)
        var status = stat()
        // Whether it is there the resolver says better; a relative path has been refused where it was written.
        guard path.hasPrefix("/"), stat(path, &status) == 0, status.st_mode & 0o077 != 0 else { return }
        throw Failure(
            "Users other than its owner can read the private key \(path)", at: "\(key).tls.clientCertificate",
            advice: "Run: chmod 600 \(path)", kind: .refused)
    }
}
