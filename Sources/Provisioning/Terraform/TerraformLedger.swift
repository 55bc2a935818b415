import Migration

/// The kept event streams of all applies to one state, and what they tell of resources in doubt.
///
/// Terraform records a resource as healthy before its provisioners ran. If it is killed then, its own next plan
/// sees no difference; only the events show that the resource was never finished.
struct TerraformLedger {
    let folder: String

    /// How an apply ended, written beside its events once it has.
    private enum End: String { case applied, failed, killed }

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
            switch end(of: number) {
            case .applied: doubt = []
            case .failed: continue
            case .killed: doubt.formUnion(open)
            }
        }
        return doubt.sorted()
    }

    /// The file for the events of the next apply. Those of long ago, from before the last good end, are removed.
    func begin() throws(Failure) -> Entry {
        let all = numbers
        let lastGood = all.last { end(of: $0) == .applied } ?? 0
        for number in all.dropLast(20) where number < lastGood {
            Files.remove(path(number))
            Files.remove(endPath(number))
        }
        return Entry(ledger: self, number: (all.last ?? 0) + 1)
    }

    /// One apply.
    struct Entry {
        fileprivate let ledger: TerraformLedger
        fileprivate let number: Int

        var path: String { ledger.path(number) }

        /// Notes how the apply ended.
        func close(_ end: ProcessEnd) throws(Failure) {
            let kind: End =
                switch end.status {
                case .exited(0): .applied
                case .exited: .failed
                case .signaled: .killed
                }
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

    /// Without a note, rz died too. Then the last event of a good apply tells.
    private func end(of number: Int) -> End {
        if let noted = Files.textIfThere(endPath(number)).flatMap({ End(rawValue: String($0.dropLast())) }) {
            return noted
        }
        let wasApplied = events(number).contains {
            if case .summary(let operation, _, _, _) = $0 { operation != "plan" } else { false }
        }
        return wasApplied ? .applied : .killed
    }

    private func path(_ number: Int) -> String { "\(folder)/events-\(number).jsonl" }
    private func endPath(_ number: Int) -> String { "\(folder)/events-\(number).end" }
}
