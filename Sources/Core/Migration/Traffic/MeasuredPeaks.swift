/// What other systems than the load balancers report of the most that backends had at a time.
public struct MeasuredPeaks: Sendable, Hashable {
    /// A peak, and the question that it answers.
    public struct Peak: Sendable, Hashable {
        public var count: Int
        public var source: String
    }

    private var answers: [PeakPlace: [PeakQuery: Answer]] = [:]

    fileprivate enum Answer: Sendable, Hashable {
        case peak(Peak)
        case unknown(String)
    }

    public init() {}

    /// The most that a backend had; nil where no one was asked, or no one knows.
    public func peak(_ unit: PeakQuery.Unit, at place: PeakPlace) -> Peak? {
        (answers[place] ?? [:]).compactMap { query, answer in
            if case .peak(let peak) = answer, query.unit == unit { peak } else { nil }
        }.max { ($0.count, $1.source) < ($1.count, $0.source) }
    }

    /// Why a backend's peak is not known, in one sentence; nil where nothing is missing.
    public func unknown(at place: PeakPlace) -> String? {
        (answers[place] ?? [:]).values.compactMap { answer in
            if case .unknown(let reason) = answer { reason } else { nil }
        }.min()
    }

    fileprivate func isKnown(_ query: PeakQuery, _ place: PeakPlace) -> Bool {
        if case .peak = answers[place]?[query] { true } else { false }
    }
}

extension MeasuredPeaks {
    /// Asks for what is not known yet, some questions at a time. A Prometheus that does not answer one is not asked the
    /// same of other backends.
    ///
    /// - Parameter inventories: the servers of the colors, whose names may stand in a URL.
    public mutating func ask(
        _ prober: any Prober, _ queries: [PeakQuery], at places: [PeakPlace], _ direction: Direction,
        _ inventories: [Color: Inventory]
    ) async {
        for query in queries {
            let open = places.filter { query.isFor($0) && !isKnown(query, $0) }
            var silence: String?
            for start in stride(from: 0, to: open.count, by: MeasuredPeaks.atATime) {
                let some = open[start..<min(open.count, start + MeasuredPeaks.atATime)]
                if let silence {
                    for place in some { answers[place, default: [:]][query] = .unknown(silence) }
                    continue
                }
                for (place, sample) in await prober.ask(query, at: some, direction, inventories) {
                    answers[place, default: [:]][query] = Answer(sample, of: query)
                    // With no samples it answered, and has nothing for this place.
                    if sample.verdict == .inconclusive, sample.samples != 0 { silence = sample.message }
                }
            }
        }
    }

    private static let atATime = 8
}

extension Prober {
    fileprivate func ask(
        _ query: PeakQuery, at places: some Sequence<PeakPlace>, _ direction: Direction,
        _ inventories: [Color: Inventory]
    ) async -> [PeakPlace: GateSample] {
        let (new, old) = (inventories[direction.new] ?? Inventory(), inventories[direction.old] ?? Inventory())
        return await withTaskGroup(of: (PeakPlace, GateSample).self) { group in
            for place in places {
                let probe = query.probe(place, direction)
                group.addTask { (place, await self.ask(probe, target: nil, inventory: new, other: old)) }
            }
            var samples: [PeakPlace: GateSample] = [:]
            for await (place, sample) in group { samples[place] = sample }
            return samples
        }
    }
}

extension PeakQuery {
    fileprivate func isFor(_ place: PeakPlace) -> Bool { backend.map { $0 == place.backend } ?? true }
}

extension MeasuredPeaks.Answer {
    fileprivate init(_ sample: GateSample, of query: PeakQuery) {
        guard sample.verdict == .pass, let value = sample.value else {
            self = .unknown(sample.message)
            return
        }
        guard value >= 0, value < Double(Int32.max) else {
            self = .unknown("\(query.query.name): \(Wording.number(value)) is no peak of a backend")
            return
        }
        self = .peak(MeasuredPeaks.Peak(count: Int(value.rounded(.up)), source: query.query.name))
    }
}
