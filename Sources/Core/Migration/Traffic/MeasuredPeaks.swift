/// What other systems than the load balancers report of the most that backends had at a time.
public struct MeasuredPeaks: Sendable, Hashable {
    /// A peak, and the question that it answers.
    public struct Peak: Sendable, Hashable {
        public var count: Int
        public var source: String
    }

    private struct Question: Sendable, Hashable {
        var query: PeakQuery
        var place: PeakPlace
    }

    private var answers: [Question: Answer] = [:]

    fileprivate enum Answer: Sendable, Hashable {
        case peak(Peak)
        case unknown(String)
    }

    public init() {}

    /// The most that a backend had; nil where no one was asked, or no one knows.
    public func peak(_ unit: PeakQuery.Unit, at place: PeakPlace) -> Peak? {
        answers.compactMap { question, answer in
            guard question.place == place, question.query.unit == unit, case .peak(let peak) = answer else {
                return nil
            }
            return peak
        }.max { ($0.count, $1.source) < ($1.count, $0.source) }
    }

    /// Why a backend's peak is not known, in one sentence; nil where nothing is missing.
    public func unknown(at place: PeakPlace) -> String? {
        answers.compactMap { question, answer in
            guard question.place == place, case .unknown(let reason) = answer else { return nil }
            return reason
        }.min()
    }
}

extension MeasuredPeaks {
    /// Asks for what is not known yet, some questions at a time. A Prometheus that does not answer is not asked by the same
    /// question again.
    ///
    /// - Parameter inventories: the servers of the colors, whose names may stand in a URL.
    public mutating func ask(
        _ prober: any Prober, _ queries: [PeakQuery], at places: [PeakPlace], _ direction: Direction,
        _ inventories: [Color: Inventory]
    ) async {
        let (new, old) = (inventories[direction.new] ?? Inventory(), inventories[direction.old] ?? Inventory())
        for query in queries {
            var open = places.filter { place in
                guard query.backend.map({ $0 == place.backend }) ?? true else { return false }
                if case .peak = answers[Question(query: query, place: place)] { return false }
                return true
            }[...]
            var silence: String?
            while !open.isEmpty {
                let some = open.prefix(silence == nil ? MeasuredPeaks.atATime : open.count)
                open = open.dropFirst(some.count)
                if let silence {
                    for place in some { answers[Question(query: query, place: place)] = .unknown(silence) }
                    continue
                }
                let samples = await withTaskGroup(of: (PeakPlace, GateSample).self) { group in
                    for place in some {
                        group.addTask {
                            (
                                place,
                                await prober.ask(
                                    query.probe(place, direction), target: nil, inventory: new, other: old)
                            )
                        }
                    }
                    var samples: [PeakPlace: GateSample] = [:]
                    for await (place, sample) in group { samples[place] = sample }
                    return samples
                }
                for (place, sample) in samples {
                    answers[Question(query: query, place: place)] = Answer(sample, of: query)
                    // With no samples it answered, and has nothing for this place.
                    if sample.verdict == .inconclusive, sample.samples != 0 { silence = sample.message }
                }
            }
        }
    }

    private static let atATime = 8
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
