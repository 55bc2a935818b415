import Migration

/// The kept event streams of all applies to one state, and what they say about resources in doubt.
///
/// Terraform records a resource as healthy before its provisioners ran. If it is killed then, its own next plan
/// sees no difference; only the events show that the resource was never finished.
struct TerraformLedger {
    let folder: String

    /// How an apply ended, written beside its events once it has.
    private enum End: String { case applied, unfinished }

    /// Addresses that were begun and, as far as is known, neither completed nor marked by Terraform itself.
    var inDoubt: [String] {
        var doubt: Set<String> = []
        for number in numbers {
            var open: Set<String> = []
            for event in events(number) {
                switch event {
                case .started(let resource, _):
                    open.insert(resource.address)
                case .completed(let resource, _):
                    open.remove(resource.address)
                    doubt.remove(resource.address)
                case .errored(let resource, _):
                    // Terraform saved it as tainted and replaces it by itself.
                    open.remove(resource.address)
                    doubt.remove(resource.address)
                default: continue
                }
            }
            if end(of: number) == .applied { doubt = [] } else { doubt.formUnion(open) }
        }
        return doubt.sorted()
    }

    /// The file for the events of the next apply. Those of long ago, from before the last good end, are removed.
    ///
    /// - Parameter secrets: masked in events that an rz left behind when it was killed.
    func begin(masking secrets: Secrets) throws(Failure) -> Entry {
        let all = numbers
        for number in all where !secrets.isEmpty && !Files.exists(endPath(number)) {
            try Files.write(secrets.redact(Files.textIfThere(path(number)) ?? ""), to: path(number))
        }
        let lastGood = all.last { end(of: $0) == .applied } ?? 0
        for number in all.dropLast(20) where number < lastGood {
            Files.remove(path(number))
            Files.remove(endPath(number))
        }
        return Entry(ledger: self, number: (all.last ?? 0) + 1)
    }

    /// Notes that a plan with all doubtful addresses replaced had nothing to do: they are no more.
    func settle() throws(Failure) {
        let entry = try begin(masking: Secrets())
        try Files.write("", to: entry.path)
        try entry.close(ProcessEnd(status: .exited(0), reason: .itself))
    }

    /// The files of applies after which something was left in doubt.
    var unfinished: [String] { numbers.filter { end(of: $0) == .unfinished }.map(path) }

    /// One apply.
    struct Entry {
        fileprivate let ledger: TerraformLedger
        fileprivate let number: Int

        var path: String { ledger.path(number) }

        /// For Terraform to write to. It syncs its state to the disk: what it had begun has to be there as well, after a
        /// power cut too.
        func output() throws(Failure) -> OutputFile {
            let output = try OutputFile(path: path, isDurable: true)
            try Files.syncOne(ledger.folder)
            return output
        }

        /// Notes how the apply ended.
        func close(_ end: ProcessEnd) throws(Failure) {
            let kind = end.status == .exited(0) ? End.applied : .unfinished
            try Files.write(kind.rawValue + "\n", to: ledger.endPath(number))
        }
    }

    private var numbers: [Int] {
        Files.names(in: folder).compactMap { name in
            guard name.hasPrefix("events-"), name.hasSuffix(".jsonl") else { return nil }
            return Int(name.dropFirst("events-".count).dropLast(".jsonl".count))
        }.sorted()
    }

    private func events(_ number: Int) -> [TerraformEvent] {
        (Files.textIfThere(path(number)) ?? "").split(whereSeparator: \.isNewline)
            .compactMap { TerraformEvent(line: String($0)) }
    }

    /// Without a note, rz died too. Then the last event of a good apply says how it ended.
    private func end(of number: Int) -> End {
        if let noted = Files.textIfThere(endPath(number)).flatMap({ End(rawValue: String($0.dropLast())) }) {
            return noted
        }
        let wasApplied = events(number).contains {
            if case .summary(let operation, _, _, _) = $0 { operation != "plan" } else { false }
        }
        return wasApplied ? .applied : .unfinished
    }

    private func path(_ number: Int) -> String { "\(folder)/events-\(number).jsonl" }
    private func endPath(_ number: Int) -> String { "\(folder)/events-\(number).end" }
}
