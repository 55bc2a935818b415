import ArgumentParser
import FoundationEssentials
import Glibc
import Planning
import Reporting

/// Where the environments are.
public struct ProjectOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The folder with environments/ and runbooks/.", valueName: "dir"))
    public var root: String?

    public init() {}

    /// The option, or `$RZ_ROOT`; nil searches upward from the current folder.
    public var chosenRoot: String? { root ?? ProcessInfo.processInfo.environment["RZ_ROOT"] }
}

/// What is known of the live color.
struct OldColorOptions: ParsableArguments {
    @Flag(
        name: .customLong("old-unreachable"),
        help: ArgumentHelp(
            "The live color does not answer: move its users without it.",
            discussion: """
                Its services are those that rz kept when it last looked at them. It is fenced at the load balancers, not \
                drained, stopped or destroyed. Needs two approvals.
                """))
    var isUnreachable = false

    var request: PlanRequest { PlanRequest(isOldUnreachable: isUnreachable) }
}

/// How events are printed.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print one JSON object a line.")
    var json = false

    var output: RunSession.Output {
        if json { return .json }
        return Terminal.standardOutput.isInteractive ? .people : .lines
    }
}

/// Asks the reader a question that only a typed `yes` answers.
func confirm(_ question: String) -> Bool {
    Terminal.standardOutput.write(question + " ")
    return readLine()?.lowercased().split(whereSeparator: \.isWhitespace) == ["yes"]
}
