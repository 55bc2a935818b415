import Migration

/// One session of `show sess`.
struct SessionLine: Sendable {
    /// HAProxy's own name for it, a hexadecimal number; empty for what is none.
    var id: String
    var frontend: String
    var server: ListedServer
    var client: String
    /// Nil for what is no age.
    var age: Period?

    /// Sessions are lines of `key=value` after an identifier; nil for what is none.
    init?(_ line: Substring) {
        let first = line.prefix { $0 != ":" }
        guard first.utf8.count < line.utf8.count else { return nil }
        var (backend, server): (Substring?, Substring?)
        (frontend, client) = ("?", "?")
        // What follows the age is HAProxy's own business.
        for field in line[first.endIndex...].split(separator: " ").dropFirst().prefix(12) {
            let key = field.prefix { $0 != "=" }
            let value = field.dropFirst(key.count + 1)
            switch key {
            case "fe": frontend = String(value)
            case "be": backend = backend ?? value
            case "srv": server = server ?? value
            case "src": client = String(value)
            case "age": age = Period(String(value)).flatMap { $0 < SessionLine.oldest ? $0 : nil }
            default: break
            }
        }
        guard let backend, let server else { return nil }
        id = first.hasPrefix("0x") && first.dropFirst(2).allSatisfy(\.isHexDigit) ? String(first) : ""
        self.server = ListedServer(backend: String(backend), name: String(server))
    }

    static func all(in text: String) -> [SessionLine] {
        text.utf8.split(separator: 10).compactMap { SessionLine(Substring($0)) }
    }

    /// 2.8 counts the age of each session of `mode tcp` from 1970 (measured on 2.8.25).
    private static let oldest = Period.hours(24 * 366 * 30)
}

/// What `show sess ID` reports beside that.
struct SessionDetail: Sendable {
    var id: String
    var client: String
    var server: ListedServer
    /// When it began, in seconds of HAProxy's own clock and time zone.
    var began: Int64?
    var bytesIn: Int?
    var bytesOut: Int?

    /// Those in the answers to any number of such questions. One that ended meanwhile has no answer but "Session not
    /// found."
    static func all(in text: String) -> [SessionDetail] {
        var details: [SessionDetail] = []
        for line in text.utf8.split(separator: 10).map({ Substring($0) }) {
            if line.hasPrefix("0x") {
                details.append(SessionDetail(line))
            } else if !details.isEmpty {
                details[details.count - 1].add(line)
            }
        }
        return details
    }

    private init(_ line: Substring) {
        id = String(line.prefix { $0 != ":" })
        let text = line.drop { $0 != "[" }.prefix { $0 != "]" }
        began = HAProxyClock.seconds(text.dropFirst())
        client = line.range(ofWord: "source=").map { String($0) } ?? ""
        server = ListedServer(backend: "", name: "")
    }

    private mutating func add(_ line: Substring) {
        let text = line.drop { $0 == " " }
        let word = text.prefix { $0 != " " && $0 != "," }
        if word.hasPrefix("backend=") { server.backend = String(word.dropFirst(8)) }
        if word.hasPrefix("server=") { server.name = String(word.dropFirst(7)) }
        guard word.hasPrefix("req=0x") || word.hasPrefix("res=0x"), let total = text.range(ofWord: "total=") else {
            return
        }
        let bytes = Int(total.prefix { $0.isNumber })
        if word.hasPrefix("req") { bytesIn = bytes } else { bytesOut = bytes }
    }
}

/// HAProxy's clock as it writes it: `30/Nov/2026:01:30:23.337295`, in its own time zone.
enum HAProxyClock {
    /// Answers with nothing but the time, where no error is kept for a proxy of this number: there is none.
    static let question = "show errors 2147483647"

    static func now(in answer: Substring) -> Int64? {
        guard answer.hasPrefix("Total events captured on [") else { return nil }
        return seconds(answer.drop { $0 != "[" }.dropFirst().prefix { $0 != "]" })
    }

    /// Seconds since a day long ago; only differences mean something.
    static func seconds(_ text: Substring) -> Int64? {
        let parts = text.split(whereSeparator: { "/:.".contains($0) })
        guard parts.count == 7, let month = months.firstIndex(of: parts[1]), let day = Int64(parts[0]),
            let year = Int64(parts[2]), let hour = Int64(parts[3]), let minute = Int64(parts[4]),
            let second = Int64(parts[5]), (1...31).contains(day), (1970...9999).contains(year),
            (0...24).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        // Days of the civil calendar, with years that begin in March.
        let isEarly = month < 2
        let (years, shifted) = (isEarly ? year - 1 : year, Int64(isEarly ? month + 10 : month - 2))
        let days = years * 365 + years / 4 - years / 100 + years / 400 + (153 * shifted + 2) / 5 + day
        return ((days * 24 + hour) * 60 + minute) * 60 + second
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}

extension Substring {
    /// What follows a key up to the next space, where the key begins a word or follows a bracket.
    fileprivate func range(ofWord key: String) -> Substring? {
        for word in split(whereSeparator: { $0 == " " || $0 == "(" || $0 == ")" }) where word.hasPrefix(key) {
            return word.dropFirst(key.count)
        }
        return nil
    }
}
