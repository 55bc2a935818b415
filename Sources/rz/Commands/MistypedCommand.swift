import ArgumentParser
import Migration
import Runbooks

/// A word that stands where a command of rz should.
struct MistypedCommand {
    let failure: Failure

    /// Nil where every word that names a command is one.
    ///
    /// - Parameter arguments: those that rz was started with.
    init?(_ arguments: [String]) {
        var command: any ParsableCommand.Type = RZ.self
        var path = "rz"
        for word in arguments.prefix(while: { !$0.hasPrefix("-") }) {
            let known = command.subcommands
            if known.isEmpty || word == "help" { return nil }
            if let next = known[word] {
                command = next
                path += " " + word
                continue
            }
            let meant = ProjectFolder.nearest(word, in: known.keys.sorted())
            failure = Failure(
                "There is no command \(path) \(word)",
                advice: meant.map { "Did you mean: \(path) \($0)?" } ?? "See them all: \(path) --help")
            return
        }
        return nil
    }
}

extension ParsableCommand {
    /// By name, those of groups included.
    fileprivate static var subcommands: [String: any ParsableCommand.Type] {
        let all = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
        return Dictionary(all.map { ($0._commandName, $0) }) { first, _ in first }
    }
}
