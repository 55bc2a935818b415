import Migration

/// Signs what people say yes to, and finds out who signed it. Source: ssh-keygen(1), `-Y` and "ALLOWED SIGNERS".
public actor SSHSignatures {
    private let binary: String
    /// The file of the keys that count; nil where an environment names none.
    private let signers: String?
    private let inherited: InheritedEnvironment
    /// A wait for approvals asks again and again.
    private var known: [Question: String?] = [:]

    private struct Question: Hashable {
        var statement: ApprovalStatement
        var signature: String
    }

    public init(
        binary: String = "ssh-keygen", signers: String?, inherited: InheritedEnvironment = InheritedEnvironment()
    ) {
        self.binary = binary
        self.signers = signers
        self.inherited = inherited
    }

    /// The one name that the signers give to the key of a good signature; nil for a signature that is not good, or whose
    /// key has no name of its own: a pattern, or names of several people, would let one person count for many.
    public func signer(of statement: ApprovalStatement, _ signature: String) async throws(Failure) -> String? {
        let question = Question(statement: statement, signature: signature)
        if let answer = known[question] { return answer }
        guard let signers else { return nil }
        let folder = try Files.makeTemporaryFolder()
        defer { Files.removeFolder(folder) }
        let (text, seal) = (folder + "/statement", folder + "/signature")
        try Files.write(statement.text, to: text)
        try Files.write(SSHSignatures.armored(signature), to: seal)
        let found = try await run(["find-principals", "-s", seal, "-f", signers])
        var answer: String?
        if found.end.isSuccess, let name = SSHSignatures.oneName(in: found.output) {
            let verified = try await run(
                ["verify", "-f", signers, "-I", name, "-n", ApprovalStatement.namespace, "-s", seal], input: text)
            if verified.end.isSuccess { answer = name }
        }
        known[question] = .some(answer)
        return answer
    }

    /// - Parameter key: the file of a private key, or of a public one whose private half an agent holds.
    /// - Returns: the signature as `ApprovalSignature` has it.
    public func sign(_ statement: ApprovalStatement, with key: String) async throws(Failure) -> String {
        let folder = try Files.makeTemporaryFolder()
        defer { Files.removeFolder(folder) }
        let text = folder + "/statement"
        try Files.write(statement.text, to: text)
        let (_, errors, end) = try await run(["sign", "-f", key, "-n", ApprovalStatement.namespace, text])
        guard end.isSuccess, let signature = Files.textIfThere(text + ".sig") else {
            throw Failure(
                "The approval can't be signed with this key: \(end.words)", at: key, details: errors,
                advice: "For a key with a passphrase run `ssh-add \(key)`, then pass the file of its public key.",
                kind: .refused)
        }
        return signature.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
    }

    /// As ssh-keygen writes and reads it. Source: OpenSSH's PROTOCOL.sshsig, "Armored format".
    private static func armored(_ text: String) -> String {
        var lines = ["-----BEGIN SSH SIGNATURE-----"]
        var rest = Substring(text)
        while !rest.isEmpty {
            lines.append(String(rest.prefix(70)))
            rest = rest.dropFirst(70)
        }
        return (lines + ["-----END SSH SIGNATURE-----", ""]).joined(separator: "\n")
    }

    private static func oneName(in output: String) -> String? {
        let lines = output.split(separator: "\n")
        guard lines.count == 1, let name = lines.first, !name.contains(where: { ",*?! ".contains($0) }) else {
            return nil
        }
        return String(name)
    }

    private func run(
        _ arguments: [String], input: String? = nil
    ) async throws(Failure) -> (output: String, errors: [String], end: ProcessEnd) {
        var command = Command(
            binary, ["-Y"] + arguments, environment: inherited.variables, folder: "/", deadline: .minutes(1))
        command.input = input
        let (output, errors) = (try OutputFile(), try OutputFile())
        let end = try await ChildProcess(command).run(output: output, errors: errors)
        try end.refuseStopped(command)
        return (output.text(), errors.lastLines(), end)
    }
}
