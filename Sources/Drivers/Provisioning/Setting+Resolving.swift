import Migration

/// Everything that rz has resolved so far and must be shown to no one, whichever driver resolved it.
public typealias KnownSecrets = @Sendable () -> Secrets

extension Setting {
    /// The text, with every reference resolved; what came from the environment or from a file is remembered as secret.
    ///
    /// - Parameter literal: what becomes of the text between the references. Never applied to a secret, so that none
    ///   is taken for a template and shown in an error.
    func resolved(
        by resolve: Resolver, secrets: inout Secrets, literal: (String) throws(Failure) -> String = { $0 }
    ) throws(Failure) -> String {
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += try literal(text)
            case .reference(let source, let name):
                let text = try resolve(Setting("${\(source):\(name.text)}"))
                // `${rz:home}` is the one reference that is no secret.
                if source != "rz" { secrets.insert(text) }
                result += text
            }
        }
        return result
    }
}
