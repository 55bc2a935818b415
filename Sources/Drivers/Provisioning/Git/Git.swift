import Migration

/// Runs git in one folder, untouched by hooks, by system-wide settings and by variables of an outer git.
struct Git: Sendable {
    let binary: String
    let folder: String
    let inherited: [String: String]
    /// Where the repository is, if it has no working tree in `folder`.
    var repository: String?
    /// The user's own counts always.
    var readsSystemConfiguration = false

    /// - Returns: the output, and how git ended: many of its questions are answered by the exit code.
    func run(_ arguments: [String]) async throws(Failure) -> (output: String, errors: [String], end: ProcessEnd) {
        let output = try OutputFile()
        let (errors, end) = try await run(arguments, output: output)
        return (output.text(), errors, end)
    }

    /// - Parameters:
    ///   - input: a file that git reads; nil for nothing.
    ///   - output: what it writes.
    func run(
        _ arguments: [String], input: String? = nil, output: OutputFile
    ) async throws(Failure) -> (errors: [String], end: ProcessEnd) {
        let errors = try OutputFile()
        // A work tree that is not there would be an error; nothing is written into this one.
        let place = repository.map { ["--git-dir=\($0)", "--work-tree=\($0)"] } ?? []
        var command = Command(
            // No transport: what is not in the checkout is not fetched, in a partial clone neither.
            binary,
            ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never"]
                + place + arguments,
            environment: environment, folder: folder, deadline: .minutes(2))
        command.input = input
        let end = try await ChildProcess(command).run(output: output, errors: errors)
        try end.refuseStopped(command)
        return (errors.lastLines(), end)
    }

    /// Output of a command that has to succeed.
    func require(_ arguments: [String], _ problem: String, advice: String? = nil) async throws(Failure) -> String {
        let (output, errors, end) = try await run(arguments)
        guard end.isSuccess else { throw failure(problem, errors, advice: advice) }
        return output
    }

    func failure(_ problem: String, _ errors: [String], advice: String? = nil) -> Failure {
        if errors.contains(where: { $0.contains("dubious ownership") }) {
            return Failure(
                "Git refuses this repository: it belongs to another user", at: folder, details: errors,
                advice: "Run rz as the owner, or trust the folder yourself with `git config --global --add "
                    + "safe.directory \(folder)`.",
                kind: .refused)
        }
        return Failure(problem, at: folder, details: errors, advice: advice)
    }

    private var environment: [String: String] {
        var environment = inherited
        for name in [
            "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "GIT_COMMON_DIR",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_ATTR_SOURCE", "GIT_REPLACE_REF_BASE",
        ] {
            environment[name] = nil
        }
        // An object is what its name says, whatever the checkout would put in its place.
        environment["GIT_NO_REPLACE_OBJECTS"] = "1"
        environment["GIT_CONFIG_NOSYSTEM"] = readsSystemConfiguration ? nil : "1"
        // `git status` would otherwise write the index of someone's working tree.
        environment["GIT_OPTIONAL_LOCKS"] = "0"
        environment["GIT_TERMINAL_PROMPT"] = "0"
        environment["LC_ALL"] = "C"
        return environment
    }
}
