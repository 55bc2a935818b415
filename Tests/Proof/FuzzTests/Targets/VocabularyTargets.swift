import Migration

@testable import Runbooks

let vocabularyTargets: [FuzzTarget] = [
    FuzzTarget("times", tokens: ["T", "Z", "-", ":", ".", "d", "h", "m", "s", "ms", "%", " %"]) { bytes in
        let text = bytes.text
        if let instant = Instant(text) {
            try require(instant.description == text, "a time is written as it was read: \(text)")
        }
        if let period = Period(text) {
            try require(Period(period.description) == period, "a length of time is read back: \(text)")
            _ = (Instant(milliseconds: 0) + period).description
        }
        if let percent = Percent(text) {
            try require(Percent(percent.text) == percent, "a percentage is read back: \(text)")
            let weights = Weights(share: percent, old: ["b1": 100, "b2": 7, "b3": 256], new: ["g1": 100, "g2": 3])
            let all = Array(weights.old.values) + Array(weights.new.values)
            try require(all.count == 5 && all.allSatisfy((0...256).contains), "weights are in bounds")
        }
    },
    FuzzTarget("settings", tokens: ["${", "}", "${env:", "${file:", "${rz:home}", ":", "{{", "}}", "[0]."]) { bytes in
        let setting = Setting(bytes.text)
        let written = setting.parts.map { part in
            switch part {
            case .text(let text): text
            case .reference(let source, let name): "${" + source + (name.text.isEmpty ? "" : ":\(name)") + "}"
            }
        }.joined()
        // `${a:}` and `${a}` are the same reference.
        try require(
            withoutEmptyNames(written) == withoutEmptyNames(setting.text),
            "parts put together are the whole: \(setting.text.prefix(200))")
        let resolver = SettingResolver(environmentFolder: "/nonexistent", rzHome: "/rz", variables: ["A": "value"])
        _ = try outcome { try resolver.resolve(setting) }
        let inventory = Inventory(groups: ["agents": [Host(name: "a", address: "10.0.0.1")]])
        _ = try outcome { try inventory.fill(setting, resolver.resolver) }
    },
    FuzzTarget("patterns", tokens: ["*", "**", "a*", "*a", "blue-*"]) { bytes in
        let halves = bytes.text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (text, pattern) = (halves[0], halves.count > 1 ? halves[1] : "*")
        try require(matchesWildcard(text, pattern: "*"), "a star matches everything")
        try require(
            matchesWildcard(text, pattern: "*" + text.filter { $0 != "*" }) || text.contains("*"), "a text fits itself")
        let fits = matchesWildcard(text, pattern: pattern)
        if !pattern.contains("*") {
            try require(fits == text.utf8.elementsEqual(pattern.utf8), "without a star only the same fits")
        }
        let rule = TrafficRule(backend: "be", servers: [.blue: pattern, .green: pattern])
        try require(rule.color(of: text) == nil, "what fits both colors belongs to none")
    },
]

/// By bytes: a mark that combines with the brace makes one character of both.
private func withoutEmptyNames(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    return bytes.indices.filter { index in
        bytes[index] != UInt8(ascii: ":") || index + 1 == bytes.count || bytes[index + 1] != UInt8(ascii: "}")
    }.map { bytes[$0] }
}
