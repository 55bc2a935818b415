import JSON

/// A refusal as Marathon words it: a status and a JSON body.
struct MarathonError: Error, Sendable {
    let status: Int
    let body: JSON

    init(_ status: Int, _ body: JSON) {
        self.status = status
        self.body = body
    }

    init(_ status: Int, _ message: String) {
        self.init(status, ["message": .string(message)])
    }

    /// One failed rule at one place of a document.
    struct Violation: Hashable, Sendable {
        let path: String
        let message: String
    }

    static func invalidObject(_ violations: [Violation]) -> MarathonError {
        MarathonError(422, ["message": "Object is not valid", "details": details(violations)])
    }

    /// Wrong JSON types are 400; when every failure is a bound, a length or a pattern, Marathon answers 422.
    static func invalidJSON(_ violations: [Violation], onlyBounds: Bool) -> MarathonError {
        MarathonError(onlyBounds ? 422 : 400, ["message": "Invalid JSON", "details": details(violations)])
    }

    static func unparsable(_ reason: String) -> MarathonError {
        MarathonError(400, ["message": "Invalid JSON", "details": .string(reason)])
    }

    static func locked(by deployments: [String]) -> MarathonError {
        let message =
            "App is locked by one or more deployments. Override with the option '?force=true'. "
            + "View details at '/v2/deployments/<DEPLOYMENT_ID>'."
        return MarathonError(
            409,
            ["message": .string(message), "deployments": .array(deployments.map { ["id": .string($0)] })])
    }

    static func unknown(_ app: PathID) -> MarathonError {
        MarathonError(404, "App '\(app)' does not exist")
    }

    static func unknownGroup(_ group: PathID) -> MarathonError {
        MarathonError(404, "Group '\(group)' does not exist")
    }

    static func unknownPod(_ pod: PathID) -> MarathonError {
        MarathonError(404, "Pod '\(pod)' does not exist")
    }

    /// The same refusal for a document that is a part of another: its paths begin with where that part is.
    func at(_ place: String) -> MarathonError {
        guard var object = body.object, let details = object["details"]?.array else { return self }
        object["details"] = .array(
            details.map { detail in
                guard var part = detail.object, let path = part["path"]?.string else { return detail }
                part["path"] = .string(path == "/" ? place : place + path)
                return .object(part)
            })
        return MarathonError(status, .object(object))
    }

    private static func details(_ violations: [Violation]) -> JSON {
        var paths: [String] = []
        var messages: [String: [JSON]] = [:]
        for violation in violations {
            if messages[violation.path] == nil { paths.append(violation.path) }
            messages[violation.path, default: []].append(.string(violation.message))
        }
        return .array(paths.map { ["path": .string($0), "errors": .array(messages[$0] ?? [])] })
    }
}
