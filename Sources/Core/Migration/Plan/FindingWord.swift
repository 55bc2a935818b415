/// What became of a finding, in one word.
package enum FindingWord: String, CaseIterable {
    case mapped, accepted, deferred = "seen at launch", harmless, blocking

    package init(_ judgement: Finding.Judgement) {
        self =
            switch judgement {
            case .mapped: .mapped
            case .accepted: .accepted
            case .deferred: .deferred
            case .harmless: .harmless
            case .blocking: .blocking
            }
    }
}
