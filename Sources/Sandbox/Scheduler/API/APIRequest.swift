import JSON

/// A request as the API sees it, apart from any HTTP library.
struct APIRequest: Sendable {
    let method: String
    /// Path segments, decoded, without empty ones: Marathon clients send repeated slashes.
    let path: [String]
    let query: [(name: String, value: String)]
    let accept: String
    let contentType: String
    /// The `Authorization` header.
    var authorization = ""
    let body: [UInt8]

    /// Whether the request can change anything; one that can't is answered from a snapshot.
    var isReadOnly: Bool { method == "GET" || method == "HEAD" }

    func values(of name: String) -> [String] {
        query.filter { $0.name == name }.map(\.value)
    }

    /// Boolean query values are case-insensitive; `?force` alone counts as true.
    func flag(_ name: String, default fallback: Bool = false) -> Bool {
        guard let value = values(of: name).last else { return fallback }
        return value.isEmpty || value.lowercased() == "true"
    }

    func json() throws(MarathonError) -> JSON {
        let type = contentType.prefix { $0 != ";" }.lowercased()
        guard type == "application/json" else { throw MarathonError(415, "Unsupported Media Type") }
        do {
            return try JSON(parsing: body)
        } catch {
            throw .unparsable(error.description)
        }
    }
}

/// An answer of the API, apart from any HTTP library.
struct APIResponse: Sendable {
    var status: Int
    var headers: [(String, String)] = []
    var body: [UInt8]

    init(status: Int = 200, json: JSON) {
        self.init(status: status, contentType: "application/json", text: json.compact)
    }

    init(status: Int = 200, contentType: String, text: String) {
        self.status = status
        headers = [("Content-Type", contentType)]
        body = Array(text.utf8)
    }

    /// No body at all.
    init(status: Int) {
        self.status = status
        body = []
    }

    /// What Marathon answers to an accepted change.
    init(_ deployment: Deployment) {
        self.init(json: [
            "version": .string(deployment.version.description), "deploymentId": .string(deployment.id),
        ])
        headers.append(("Marathon-Deployment-Id", deployment.id))
    }
}
