import Migration
import SafeFiles

/// A file of the file provider: rz's own, with nothing but weighted services and rz's note.
struct TraefikFileStore: TraefikStore {
    let name: LoadBalancerID
    let path: String
    let environment: String

    private static let ofItsOwn =
        "Give rz a file of its own that Traefik's file provider watches, with nothing but the weighted services under "
        + "`http.services`; put their children, routers and middlewares into other files."

    var words: TraefikStoreWords {
        let middleware = TraefikNote.middleware(environment)
        return TraefikStoreWords(
            suffix: "@file", place: path, own: "its file", holder: "the file", named: "the file \(path)",
            services: "weighted services of files, `NAME@file`", ofItsOwn: TraefikFileStore.ofItsOwn,
            unserved:
                "See that Traefik's file provider reads and watches this file (`providers: { file: { directory: … } }`), "
                + "and its log.", note: "note in \(path)",
            takeOver: "take the middleware \(middleware) out of \(path).",
            healthCheck: "`healthCheck: {}`")
    }

    func holdings() async throws(Failure) -> TraefikHoldings? {
        guard let text = try text() else { return nil }
        return try parsed(text).holdings
    }

    func replace(
        _ old: TraefikHoldings, by new: TraefikHoldings, served report: TraefikReport
    ) async throws(Failure) -> Bool {
        guard let text = try text() else { return false }
        var file = try parsed(text)
        guard file.holdings == old else { return false }
        file.holdings = new
        let replacement = file.text
        do throws(FileProblem) {
            // What someone else has written since is not overwritten.
            try await PersistentFile(path).replace { $0 == text ? replacement : nil }
        } catch {
            throw Failure(
                "\(name): its file can't be replaced", at: path, details: [error.reason], advice: error.advice)
        }
        return try self.text() == replacement
    }

    /// Traefik sees the file itself: there is nothing to tell it again.
    func remind(_ held: TraefikHoldings, served report: TraefikReport) async throws(Failure) {}

    func obstacles(_ report: TraefikReport) async -> (all: [Obstacle], held: TraefikHoldings?) {
        func blocking(_ text: String) -> [Obstacle] {
            [Obstacle("\(name): the file \(path) \(text)", isBlocking: true)]
        }
        var held: TraefikHoldings?
        var reason = "there is none"
        do throws(Failure) { held = try await holdings() } catch { reason = error.details.first ?? error.summary }
        guard path.hasSuffix(".yml") || path.hasSuffix(".yaml") else {
            return (blocking("must end in .yml or .yaml, so that Traefik reads it"), held)
        }
        if let problem = PersistentFile(path).obstacle {
            let advice = problem.advice.map { ". \($0)" } ?? ""
            return (blocking("can't be replaced: \(problem.reason)\(advice)"), held)
        }
        guard held == nil else { return ([], held) }
        return (blocking("is not one that rz can write: \(reason). \(TraefikFileStore.ofItsOwn)"), nil)
    }

    private func text() throws(Failure) -> String? {
        do throws(FileProblem) { return try PersistentFile(path).text } catch {
            throw Failure("\(name): its file can't be read", at: path, details: [error.reason], advice: error.advice)
        }
    }

    private func parsed(_ text: String) throws(Failure) -> TraefikFile {
        do throws(TraefikFile.Foreign) { return try TraefikFile(text, environment: environment) } catch {
            throw Failure(
                "\(name): its file is not one that rz can write", at: path, details: [error.reason],
                advice: TraefikFileStore.ofItsOwn, kind: .refused)
        }
    }
}
