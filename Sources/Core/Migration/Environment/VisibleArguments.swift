/// Secrets in the arguments of a program: whoever may list the processes of rz's host can read them.
extension Environment {
    /// One sentence each, for plans, the doctor and `rz validate`.
    public var visibleArguments: [String] {
        sentences("provision.static.command", provision.static?.command ?? [])
    }
}

extension Runbook {
    /// As `Environment.visibleArguments`, of steps that run programs.
    public var visibleArguments: [String] {
        steps.flatMap { step -> [String] in
            guard case .exec(let work) = step.work else { return [] }
            return sentences(
                "the step \(step.id)", work.command + (work.undo ?? []), otherwise: ": hand it by `variables`")
        }
    }
}

private func sentences(_ key: String, _ command: [Setting], otherwise: String = "") -> [String] {
    command.filter(\.refersToSecret).map {
        "\(key): \($0) is an argument of a program, which every user of this host can see\(otherwise)"
    }
}
