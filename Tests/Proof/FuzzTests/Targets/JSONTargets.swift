import JSON

let jsonTargets: [FuzzTarget] = [
    FuzzTarget(
        "json", tokens: ["\\u0000", "\\ud800", "\\\\u0000", "\"a\":", "\"\\u0061\":", "[[[[", "1.0e+", "{}", "[]", "'"]
    ) { bytes in
        guard let json = try outcome({ try JSON(parsing: bytes) }) else { return }
        for text in [json.compact, json.pretty] {
            let again = try outcome { try JSON(parsing: text) }
            try require(again == json, "what was written is read back the same: \(json.compact.prefix(200))")
        }
        let canonical = try outcome { try JSON(parsing: json.canonical) }
        try require(canonical?.canonical == json.canonical, "the canonical form is canonical")
        var count = 0
        walk(json, &count)
        try require(count <= bytes.count, "no more values than bytes")
    }
]

private func walk(_ json: JSON, _ count: inout Int) {
    count += 1
    _ = (json.int, json.double, json.bool, json.string, json["a"], json[0])
    for value in json.array ?? [] { walk(value, &count) }
    for (_, value) in json.object ?? JSONObject() { walk(value, &count) }
}
