import ArgumentParser
import Migration

/// Limits of the environment that a run is to do without.
struct LiftOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Do without a limit: maxStep, minHealthy, headroom, flipWithin or windows. Two people have to approve before "
                + "the run begins.", valueName: "limit"))
    var lift: [Limit] = []

    @Option(name: .long, help: ArgumentHelp("Why, for those who approve.", valueName: "text"))
    var reason: String?

    func validate() throws {
        let isSaid = reason?.contains { !$0.isWhitespace } == true
        if !lift.isEmpty, !isSaid { throw ValidationError("Say why the limit is to be lifted: --reason TEXT.") }
        if lift.isEmpty, reason != nil { throw ValidationError("--reason belongs to --lift.") }
    }

    /// What the person at this terminal asks for, each limit once.
    ///
    /// - Throws: `Failure` of kind `.refused` for a limit that the environment does not set.
    func lifted(of environment: Environment) throws(Failure) -> [LiftedLimit] {
        let set = Set(environment.limits.words.map(\.limit))
        let wanted = Limit.allCases.filter(lift.contains)
        if let unset = wanted.first(where: { !set.contains($0) }) {
            throw Failure(
                "\(environment.name) does not set limits.\(unset.rawValue), so there is nothing to lift", kind: .refused
            )
        }
        return wanted.map { LiftedLimit($0, reason: reason ?? "", by: Person.operating.description) }
    }
}

extension Limit: ExpressibleByArgument {}
