import YAML

/// What Go's yaml.v3 makes of a scalar, which is neither YAML 1.1 nor 1.2: mesos-compose reads its files with it.
///
/// Source: gopkg.in/yaml.v3, `resolve.go`, and `fmt`'s verb `%v`.
enum GoYAML {
    enum Value: Equatable {
        case nothing
        case flag(Bool)
        case whole(Int)
        case decimal(Double)
        case date
        case text(String)
    }

    static func value(of scalar: YAMLTree.Scalar) -> Value {
        let text = scalar.text
        guard scalar.isPlain else { return .text(text) }
        if scalar.isNull { return .nothing }
        switch text {
        case "true", "True", "TRUE": return .flag(true)
        case "false", "False", "FALSE": return .flag(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .decimal(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .decimal(-.infinity)
        case ".nan", ".NaN", ".NAN": return .decimal(.nan)
        default: break
        }
        guard let first = text.utf8.first, "+-.0123456789".utf8.contains(first) else { return .text(text) }
        if isDate(text) { return .date }
        let plain = text.replacing("_", with: "")
        if let whole = whole(plain) { return .whole(whole) }
        if plain.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil,
            let decimal = Double(plain.hasSuffix(".") ? plain + "0" : plain)
        {
            return .decimal(decimal)
        }
        return .text(text)
    }

    /// A flag where one is expected: the words of YAML 1.1 count there.
    static func flag(_ scalar: YAMLTree.Scalar) -> Bool? {
        switch value(of: scalar) {
        case .flag(let flag): flag
        case .text("y"), .text("Y"), .text("yes"), .text("Yes"), .text("YES"), .text("on"), .text("On"), .text("ON"):
            true
        case .text("n"), .text("N"), .text("no"), .text("No"), .text("NO"), .text("off"), .text("Off"),
            .text("OFF"):
            false
        default: nil
        }
    }

    /// What `%v` prints for a value of any kind; nil for a date, which it would print in a form of its own.
    static func printed(_ tree: YAMLTree) -> String? {
        switch tree {
        case .scalar(let scalar):
            switch value(of: scalar) {
            case .nothing: return "<nil>"
            case .flag(let flag): return flag ? "true" : "false"
            case .whole(let whole): return String(whole)
            case .decimal(let decimal): return printed(decimal)
            case .date: return nil
            case .text(let text): return text
            }
        case .list(let elements):
            let texts = elements.compactMap(printed)
            return texts.count == elements.count ? "[\(texts.joined(separator: " "))]" : nil
        case .map(let entries):
            let pairs = entries.sorted { $0.key < $1.key }.compactMap { entry in
                printed(entry.value).map { "\(entry.key):\($0)" }
            }
            return pairs.count == entries.count ? "map[\(pairs.joined(separator: " "))]" : nil
        }
    }

    /// The shortest digits, with an exponent below 1e-4 and from 1e21 on.
    static func printed(_ number: Double) -> String {
        guard number.isFinite else { return number.isNaN ? "NaN" : number > 0 ? "+Inf" : "-Inf" }
        if number == 0 { return number.sign == .minus ? "-0" : "0" }
        let text = String(describing: abs(number)).lowercased()
        let parts = text.split(separator: "e")
        let halves = (parts.first ?? "").split(separator: ".")
        var digits = String(halves.joined())
        // The decimal point stands after so many digits.
        var point = (halves.first?.count ?? 0) + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        while digits.hasPrefix("0") { (digits, point) = (String(digits.dropFirst()), point - 1) }
        while digits.hasSuffix("0") { digits.removeLast() }
        let sign = number < 0 ? "-" : ""
        let exponent = point - 1
        if exponent < -4 || exponent >= 21 {
            let rest = digits.dropFirst()
            let power = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
            return sign + digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + (exponent < 0 ? "e-" : "e+") + power
        }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    /// `strconv.ParseInt` with base 0.
    private static func whole(_ text: String) -> Int? {
        let isNegative = text.hasPrefix("-")
        var digits = text[...]
        if isNegative || text.hasPrefix("+") { digits = digits.dropFirst() }
        let lower = digits.lowercased()
        let number: Int? =
            switch lower.prefix(2) {
            case "0x": Int(lower.dropFirst(2), radix: 16)
            case "0b": Int(lower.dropFirst(2), radix: 2)
            case "0o": Int(lower.dropFirst(2), radix: 8)
            default: digits.count > 1 && digits.hasPrefix("0") ? Int(digits, radix: 8) : Int(digits)
            }
        guard let number, digits.first?.isNumber == true else { return nil }
        return isNegative ? -number : number
    }

    private static func isDate(_ text: String) -> Bool {
        text.prefixMatch(of: /[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:.*)?/).map { match in
            match.output.0.count == text.count
        } ?? false
    }
}
