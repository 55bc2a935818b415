import ArgumentParser
import Migration

struct UnlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Take away the lock of a process that is known to be gone.",
        discussion: """
            A dead process on this host needs no unlock: its lock is recognised as stale. Make sure that the process \
            on the other host is gone; should it wake up, it is kept from acting. The lock of a process that lives on \
            this host is not taken away without --force.

              rz unlock shop --id 7f3a
            """)

    @Argument(help: "The environment.")
    var environment: String

    @Option(name: .long, help: "The lock's id, as the refusal or `rz status` shows it.")
    var id: String

    @Flag(
        name: .long,
        help: "Take it even from a process that lives here: it may be in the middle of a call that nothing stops.")
    var force = false

    func run() async throws {
        try await exiting {
            let runs = try await Runs.open(environment)
            try await runs.store.unlock(id: id, fromLiving: force)
            Terminal.standardOutput.write(
                "\(environment) is unlocked. Go on with: \(Advice.resume(environment))\n")
            return .done
        }
    }
}
