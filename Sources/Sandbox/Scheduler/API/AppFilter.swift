import JSON

/// The filters of `GET /v2/apps`: `cmd` and `id` by substring, `label` by selector.
struct AppFilter: Sendable {
    private enum Requirement: Sendable {
        case present(String)
        case among(String, [String], Bool)
    }

    private let command: String?
    private let id: String?
    private let requirements: [Requirement]

    init(_ request: APIRequest) throws(MarathonError) {
        command = request.values(of: "cmd").last
        id = request.values(of: "id").last
        var requirements: [Requirement] = []
        for selector in request.values(of: "label") { requirements += try Self.parse(selector) }
        self.requirements = requirements
    }

    func admits(_ app: AppDefinition) -> Bool {
        if let id, !app.id.description.contains(id) { return false }
        if let command, !(app.document["cmd"]?.string ?? "").contains(command) { return false }
        let labels = app.document["labels"]
        return requirements.allSatisfy { requirement in
            switch requirement {
            case .present(let key): labels?[key] != nil
            case .among(let key, let values, let wanted):
                (labels?[key]?.string).map { values.contains($0) == wanted } ?? !wanted
            }
        }
    }

    /// Reads `a, b==x, c!=y, d in (e,f), g notin (h)`.
    private static func parse(_ text: String) throws(MarathonError) -> [Requirement] {
        var requirements: [Requirement] = []
        for term in split(text) {
            if let (key, value) = divide(term, at: "==") ?? divide(term, at: "!=") {
                requirements.append(.among(key, [value], term.contains("==")))
            } else if let (key, list) = divide(term, at: " notin ") ?? divide(term, at: " in ") {
                guard list.hasPrefix("("), list.hasSuffix(")") else { throw malformed(text) }
                let values = list.dropFirst().dropLast().split(separator: ",").map { trim(String($0)) }
                requirements.append(.among(key, values, !term.contains(" notin ")))
            } else if !term.isEmpty, !term.contains(" ") {
                requirements.append(.present(term))
            } else {
                throw malformed(text)
            }
        }
        return requirements
    }

    private static func malformed(_ text: String) -> MarathonError {
        MarathonError(422, "Can not parse label selector \(text)")
    }

    /// Splits at the commas outside parentheses.
    private static func split(_ text: String) -> [String] {
        var depth = 0
        var terms = [""]
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                terms.append("")
            } else {
                terms[terms.count - 1].append(character)
            }
        }
        return terms.map(trim)
    }

    private static func divide(_ term: String, at separator: String) -> (String, String)? {
        guard let range = term.firstRange(of: separator) else { return nil }
        return (trim(String(term[..<range.lowerBound])), trim(String(term[range.upperBound...])))
    }

    private static func trim(_ text: String) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
