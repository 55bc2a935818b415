/// A run that broke a promise once, and led to a fix.
public struct OnceBroken: Sendable, CustomStringConvertible {
    public let seed: UInt64
    /// Of `Scenario.various`.
    public let scenario: Int

    public var description: String { "seed \(seed)" }

    public static let all: [OnceBroken] = [
        (3_408, 6), (5_751, 4), (11_918, 4), (184_148_234, 2), (607_594_242, 2), (343_575_430, 6), (484_209_814, 6),
        (5_002_473, 1), (5_001_957, 5), (972_363_385, 1), (49_131_775, 7), (107_975_105, 1), (6_003_482, 2),
        (6_006_657, 1), (5_003_311, 7), (733_020_198, 6), (5_002_662, 6), (6_006_508, 4), (6_008_636, 4),
        (7_000_883, 3), (7_003_684, 4), (7_004_623, 7), (299_804_210, 2), (750_868_312, 0), (847_275_782, 6),
        (9_001_233, 1), (1_152_001_448, 8), (1_156_001_165, 8), (1_164_000_705, 6), (1_148_000_317, 7),
        (1_136_000_662, 7), (1_147_001_903, 8),
    ].map { OnceBroken(seed: $0, scenario: $1) }
}
