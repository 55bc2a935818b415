import ArgumentParser
import FoundationEssentials
import Glibc
import JSON
import Journal
import Migration
import SafeFiles

/// The journal at 3 a.m.: is it sound, how is it kept elsewhere, how is it restored.
struct JournalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Check the journal of an environment, export it as evidence, restore it.",
        subcommands: [
            JournalVerifyCommand.self, JournalHeadCommand.self, JournalExportCommand.self, JournalImportCommand.self,
            JournalRepairCommand.self,
        ])
}

struct JournalVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare every event and plan with its checksum.",
        discussion: """
            The head checksum stands for all events: two journals with the same one hold the same events. Whoever may \
            write the file could write all of it again: keep heads where no one can change them (rz journal head), and \
            --head proves that what was there then is there still.

              rz journal verify shop
              rz journal verify shop --head shop.head
              rz journal verify --file evidence.jsonl      (needs no journal)
            """)

    @Argument(help: "The environment, if several have runs.")
    var environment: String?

    @Option(name: .long, help: ArgumentHelp("An export to check instead of the journal.", valueName: "export"))
    var file: String?

    @Option(name: .long, help: ArgumentHelp("A head that was kept: it must be held, too.", valueName: "file"))
    var head: String?

    @Flag(name: .long, help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await exiting {
            if let file { try verify(export: file) } else { try await verifyJournal() }
            return .done
        }
    }

    private func verifyJournal() async throws {
        let journal = try await Stores.journalToRead(environment)
        let kept = try keptHead()
        let found = try await reportingFailure { () async throws(JournalError) in
            try await journal.verify(holding: kept)
        }
        let facts = Facts([
            ("environment", .string(journal.environment)), ("journal", .string(journal.path)),
            ("events", .number(JSONNumber(found.events))), ("plans", .number(JSONNumber(found.plans))),
            ("head", .string(found.checksum)),
        ])
        facts.print(json: json, title: "The journal is sound")
    }

    private func verify(export file: String) throws {
        let found: Evidence.Verification
        let kept = try keptHead()
        do throws(JournalError) { found = try Evidence.verify(file, holding: kept) } catch { throw error.failure }
        if let environment, environment != found.header.environment {
            throw Failure(
                "This export is of the environment \(found.header.environment), not of \(environment)", at: file,
                advice: "Name that one, or leave the name out.")
        }
        var facts = Facts([
            ("environment", .string(found.header.environment)), ("export", .string(file)),
            ("exportedAt", .string(found.header.exportedAt.description)),
        ])
        if let run = found.header.run {
            facts.add("run", .string(run.text))
            facts.add("digestsOfOtherRuns", .number(JSONNumber(found.digests)))
        }
        facts.add("events", .number(JSONNumber(found.events)))
        facts.add("plans", .number(JSONNumber(found.plans)))
        facts.add("head", .string(found.header.checksum))
        facts.print(json: json, title: "The export is sound")
    }

    private func keptHead() throws(Failure) -> JournalHead? {
        guard let head else { return nil }
        guard let bytes = try? FileContents.read(head, limit: 1000),
            let kept = JournalHead(String(decoding: bytes, as: UTF8.self))
        else {
            throw Failure(
                "This is not the head of a journal", at: head,
                advice: "Take one with: rz journal head ENVIRONMENT > FILE.")
        }
        return kept
    }
}

struct JournalHeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "head",
        abstract: "Print the end of the journal's chain of events, to be kept elsewhere.",
        discussion: """
            One line that stands for all events up to now. Keep it where this host can't change it, or sign it with a \
            key that is not on this host.

              rz journal head shop > shop.head
              ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n rz-head shop.head
              ssh-keygen -Y verify -f signers -I anna -n rz-head -s shop.head.sig < shop.head
              rz journal verify shop --head shop.head
            """)

    @Argument(help: "The environment, if several have runs.")
    var environment: String?

    func run() async throws {
        try await exiting {
            let journal = try await Stores.journalToRead(environment)
            let found = try await reportingFailure { () async throws(JournalError) in try await journal.verify() }
            guard let head = found.head(of: journal.environment) else {
                throw Failure("\(journal.environment) has had no run yet", kind: .refused)
            }
            Terminal.standardOutput.write("\(head)\n")
            return .done
        }
    }
}

struct JournalExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the evidence of the journal, or of one run, into a file that can be checked without it.",
        discussion: """
            Plans with their commit, every event, approval, probe and time, each line with its checksum. Secrets are \
            masked in the journal already. An export of the whole journal can be imported on another host.

              rz journal export shop -o shop.jsonl
              rz journal export shop --run r-20261123-0007 -o evidence.jsonl
            """)

    @Argument(help: "The environment, if several have runs.")
    var environment: String?

    @Option(name: .long, help: "Only this run; of the others the file holds digests.")
    var run: String?

    @Option(name: [.customShort("o"), .customLong("output")], help: "The file; one that is there is replaced.")
    var output: String

    @Flag(name: .long, help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await exiting {
            let journal = try await Stores.journalToRead(environment)
            let made = try await reportingFailure { () async throws(JournalError) in
                try await journal.export(
                    to: output, run: run.map { RunID($0) }, rz: RZ.version, at: SystemClock().now)
            }
            let facts = Facts([
                ("environment", .string(journal.environment)), ("export", .string(output)),
                ("events", .number(JSONNumber(made.events))), ("plans", .number(JSONNumber(made.plans))),
                ("head", .string(made.header.checksum)),
            ])
            facts.print(json: json, title: "Exported. Check it anywhere with: rz journal verify --file \(output)")
            return .done
        }
    }
}

struct JournalImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make the journal of an environment from an export, on a host that has none.",
        discussion: """
            Make sure that no rz on the old host acts any more. The new journal's epoch is higher than any of the old \
            one, so the load balancers refuse the old host once this one has acted.

              rz journal import shop.jsonl
            """)

    @Argument(help: "An export of a whole journal.")
    var file: String

    @Option(name: .long, help: "The environment that the export must be of.")
    var environment: String?

    @Flag(name: .long, help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await exiting {
            let home = try Places.trusted().home
            let made: Journal.Import
            do throws(JournalError) {
                made = try Journal.make(
                    from: file, environment: environment, home: home, at: SystemClock().now)
            } catch {
                throw error.failure
            }
            let facts = Facts([
                ("environment", .string(made.environment)), ("journal", .string(made.path)),
                ("events", .number(JSONNumber(made.verification.events))),
                ("plans", .number(JSONNumber(made.verification.plans))),
                ("head", .string(made.verification.header.checksum)), ("epoch", .number(JSONNumber(made.epoch))),
                ("exportedAt", .string(made.verification.header.exportedAt.description)),
            ])
            facts.print(json: json, title: "Imported")
            if !json { try await tellNextSteps(made) }
            return .done
        }
    }

    private func tellNextSteps(_ made: Journal.Import) async throws {
        let places = try Places.trusted()
        let runs = try await Runs.open(made.environment, readOnly: true)
        var text = "\nWhat happened after \(made.verification.header.exportedAt) is not in it.\n"
        if let (plan, state) = try await runs.latest(), !state.status.isEnded {
            text += "\(state.run) is not over (\(state.phase)). Before rz resume, this host needs:\n"
            text += "  the copy that the run works from (commit \(plan.source.commit ?? "none")): "
            text += places.copy(plan.source, of: made.environment) + "\n"
            text += "  Terraform's states, unless they are kept elsewhere: \(places.state(of: made.environment))\n"
        }
        Terminal.standardOutput.write(text + "See: rz status \(made.environment)\n")
    }
}

/// What a command found, for people as a list and for machines as one object.
struct Facts {
    private var list: [(String, JSON)]

    init(_ list: [(String, JSON)]) { self.list = list }

    mutating func add(_ name: String, _ value: JSON) { list.append((name, value)) }

    func print(json: Bool, title: String) {
        if json { return Terminal.standardOutput.write(JSON.object(Answer.object(list)).compact + "\n") }
        let width = list.map(\.0.count).max() ?? 0
        let lines = list.map { name, value in
            "  " + name.padded(to: width + 2) + (value.string ?? value.compact)
        }
        Terminal.standardOutput.write(title + "\n" + lines.joined(separator: "\n") + "\n")
    }
}

extension Stores {
    /// The journal that a person means, as `Runs.open` finds it.
    fileprivate static func journalToRead(_ name: String?) async throws -> Journal {
        try journal(of: try await Runs.environment(named: name), Places.trusted(), readOnly: true)
    }
}

/// Does work of the journal; its error is reported like every other.
func reportingFailure<Result>(
    _ work: () async throws(JournalError) -> Result
) async throws(Failure) -> Result {
    do throws(JournalError) { return try await work() } catch { throw error.failure }
}
