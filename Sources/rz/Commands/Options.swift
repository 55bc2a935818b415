import ArgumentParser
import FoundationEssentials
import Glibc
import Reporting

/// Where the environments are.
public struct ProjectOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The folder with environments/ and runbooks/.", valueName: "dir"))
    public var root: String?

    public init() {}

    /// The option, or `$RZ_ROOT`; nil searches upward from the current folder.
    public var chosenRoot: String? { root ?? ProcessInfo.processInfo.environment["RZ_ROOT"] }
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
