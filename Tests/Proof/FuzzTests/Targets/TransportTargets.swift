@testable import Transport

let transportTargets: [FuzzTarget] = [
    FuzzTarget("server-sent-events", tokens: ["data:", "event:", "id:", "retry:", ": ", "\r", "\n\n", "\u{FEFF}"]) {
        bytes in
        var whole = ServerSentEventParser()
        let atOnce = try outcome { try whole.take(bytes) } ?? []
        var drop = ServerSentEventParser()
        var one: [ServerSentEvent] = []
        for byte in bytes { one += try outcome { try drop.take([byte]) } ?? [] }
        try require(one == atOnce, "events do not depend on how the bytes arrive")
        try require(atOnce.reduce(0) { $0 + $1.data.utf8.count } <= 3 * bytes.count, "no more data than came")
    },
    FuzzTarget("urls", tokens: ["http://", "@", "?", "&", "=", "user:password@", "#"]) { bytes in
        let url = bytes.text
        let secret = "http://user:s3cr3t-9@host/" + url
        try require(!shown(secret).contains("s3cr3t-9"), "user info is cut out of \(secret)")
        _ = shown(url)
    },
]
