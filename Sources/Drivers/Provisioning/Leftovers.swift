import Migration

/// What an rz that was killed left behind of secrets, in its own folder of an environment.
public enum Leftovers {
    /// Removes plans and variables that no one needs any more, and masks secrets in the output of programs that have
    /// ended. Whoever calls it holds the environment's lock.
    ///
    /// - Parameter state: rz's own folder for the environment.
    public static func sweep(_ state: String, masking secrets: Secrets) throws(Failure) {
        for tool in ["terraform", "ansible"] {
            for scope in Files.names(in: "\(state)/\(tool)") {
                let folder = "\(state)/\(tool)/\(scope)"
                // Terraform is left to finish; who takes over masks what it wrote.
                guard ProcessRecord(path: folder + "/running").running == nil else { continue }
                for name in ["plan.bin", "look/plan.bin"] { Files.remove("\(folder)/\(name)") }
                for name in Files.names(in: folder) where name.hasPrefix("variables") {
                    Files.remove("\(folder)/\(name)")
                }
                try mask(folder, secrets)
            }
        }
        for folder in ["log", "static"] { try mask("\(state)/\(folder)", secrets) }
    }

    private static func mask(_ folder: String, _ secrets: Secrets) throws(Failure) {
        for name in Files.names(in: folder) where name.hasSuffix(".log") || name.hasSuffix(".jsonl") {
            let path = "\(folder)/\(name)"
            guard let text = Files.textIfThere(path) else { continue }
            let masked = secrets.redact(text)
            if masked != text { try Files.write(masked, to: path) }
        }
    }
}
