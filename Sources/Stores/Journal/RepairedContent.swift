import FoundationEssentials
import Glibc
import JSON
import Migration

/// What a repaired journal holds: all that is proven of the damaged one, and what makes its last run careful.
struct RepairedContent {
    let salvage: Salvage
    let findings: Repair.Findings
    private let addedEvents: [Event.Kind]

    /// - Parameter aside: where the damaged journal lies by then, for the history.
    init(_ salvage: Salvage, environment: String, aside: String) {
        self.salvage = salvage
        var findings = Repair.Findings(
            difference: salvage.difference, keptEvents: salvage.proven.sequence, lostEvents: salvage.lostEvents,
            readable: salvage.lostRows.map {
                Repair.LostEvent(
                    sequence: $0.sequence, run: $0.content.run, time: $0.content.time, type: $0.content.type)
            },
            keptPlans: salvage.plans.count, lostPlans: salvage.lostPlans, run: nil, checks: [])
        var added: [Event.Kind] = []
        if salvage.lostEvents != 0 {
            if let state = RepairedContent.latestRun(salvage) {
                let precautions = RecoveryAssumptions(
                    for: state, plan: RepairedContent.plan(state.planID, salvage),
                    lost: salvage.lostRows.filter { $0.content.run == state.run.text }.compactMap(\.content.kind),
                    note: RepairedContent.note(salvage, aside))
                added = precautions.events
                findings.run = state.run
                findings.checks = precautions.checks
            } else {
                findings.checks = [
                    "No event is left: whether a run was under way, and which color is live (rz plan \(environment)).",
                    "Whether there is an export: after the repair, rz journal import FILE takes its events.",
                ]
            }
        }
        self.findings = findings
        addedEvents = added
    }

    /// Fills an empty journal.
    ///
    /// - Returns: how many events were added to those that were kept.
    func write(
        to database: Database, from aside: String, epoch: Int, at time: Instant
    ) throws(JournalError) -> Int {
        try database.write { () throws(JournalError) in
            for plan in salvage.plans { try database.save(plan) }
            for run in salvage.runs { try database.execute("INSERT OR IGNORE INTO runs VALUES (?)", [.text(run)]) }
            var head = try copyEvents(to: database, from: aside)
            for kind in addedEvents {
                let coded = try EventCoding.encode(kind, redacting: Secrets())
                let content = RowContent(
                    run: findings.run?.text ?? "", time: time.description, type: coded.type,
                    payload: JSON.object(coded.payload).compact)
                head = head.next(content)
                try database.append(content, at: head)
            }
            try database.setHead(head)
            try database.execute("UPDATE lock SET epoch = ?", [.integer(epoch)])
            return addedEvents.count
        }
    }

    private func copyEvents(to database: Database, from aside: String) throws(JournalError) -> Position {
        var head = Position()
        guard salvage.proven.sequence > 0 else { return head }
        let source = try Database(path: aside, readOnly: true)
        try source.tolerateMissingPages()
        do throws(JournalError) {
            try source.followChain(after: head, form: salvage.form) { content, _ throws(JournalError) in
                head = head.next(content)
                try database.append(content, at: head)
            }
        } catch {
            // It ends where the damage begins.
            guard head.sequence == salvage.proven.sequence else { throw error }
        }
        return head
    }

    private static func latestRun(_ salvage: Salvage) -> RunState? {
        guard let run = salvage.latestRun.first?.content.run else { return nil }
        let events = salvage.latestRun.compactMap { row -> Event? in
            guard let kind = row.content.kind, let time = Instant(row.content.time) else { return nil }
            return Event(run: RunID(run), sequence: row.sequence, time: time, kind: kind)
        }
        return RunState(run: RunID(run), events: events)
    }

    private static func plan(_ id: String, _ salvage: Salvage) -> Plan? {
        guard let text = salvage.plans.first(where: { $0.id == id })?.text else { return nil }
        return try? JSONDecoder().decode(Plan.self, from: Data(text.utf8))
    }

    private static func note(_ salvage: Salvage, _ aside: String) -> String {
        let first = salvage.proven.sequence + 1
        let lost =
            switch salvage.lostEvents {
            case 1?: "event \(first) is lost"
            case let count?: "events \(first) to \(salvage.proven.sequence + count) are lost"
            case nil: "all events from \(first) on are lost, no one knows how many"
            }
        let name = aside.split(separator: "/").last.map(String.init) ?? aside
        return "The journal was damaged and repaired: \(lost). The damaged file is kept: \(name)"
    }
}

extension RowContent {
    /// nil for what this rz can't read.
    fileprivate var kind: Event.Kind? { try? EventCoding.decode(type: type, payload: payload) }
}

extension Database {
    fileprivate func save(_ plan: Salvage.Plan) throws(JournalError) {
        try execute(
            "INSERT OR REPLACE INTO plans VALUES (?, ?, ?)",
            [.text(plan.id), .text(plan.text), .text(plan.checksum)])
    }
}
