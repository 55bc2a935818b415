/// What rz holds for Traefik, wherever a provider reads it: the weights of services, and rz's note.
struct TraefikHoldings: Sendable, Hashable {
    /// By service, with its provider as the API names it.
    var services: [String: [TraefikReport.Weighted.Child]]
    var note: TraefikNote

    /// Sets the weight of a child.
    ///
    /// - Returns: whether there is such a child.
    mutating func set(_ weight: Int, of child: String, in service: String) -> Bool {
        guard let children = services[service], children.contains(where: { $0.name == child }) else { return false }
        services[service] = children.map {
            $0.name == child ? TraefikReport.Weighted.Child(name: child, weight: weight) : $0
        }
        return true
    }

    /// Whether Traefik serves what is held; what is different, in words.
    ///
    /// - Parameters:
    ///   - middleware: of the note, with its provider.
    ///   - holder: `the file`.
    func difference(from report: TraefikReport, middleware: String, holder: String) -> String? {
        for (name, wanted) in services.sorted(by: { $0.key < $1.key }) {
            guard let served = report.weighted[name] else { return "it serves no weighted service \(name)" }
            if let problem = served.problem { return "it does not serve \(name): \(problem)" }
            guard Set(served.children) != Set(wanted) || served.children.count != wanted.count else { continue }
            func words(_ children: [TraefikReport.Weighted.Child]) -> String {
                children.map { "\($0.name) \($0.weight)" }.joined(separator: ", ")
            }
            return "\(name): \(holder) has \(words(wanted)), Traefik serves \(words(served.children))"
        }
        return TraefikNote(report.notes[middleware] ?? [:]) == note ? nil : "it does not serve rz's note in \(holder)"
    }
}
