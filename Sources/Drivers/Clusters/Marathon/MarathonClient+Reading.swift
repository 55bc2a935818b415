import JSON
import Migration

extension MarathonClient {
    func apps(embedding details: [String]) async throws(Failure) -> [JSON] {
        let path = "/v2/apps?" + details.map { "embed=apps.\($0)" }.joined(separator: "&")
        return try list(await get(path)["apps"], "apps", of: "/v2/apps")
    }

    /// The app that an answer reports.
    func app(in answer: JSON, _ id: ServiceID) throws(Failure) -> JSON {
        guard let app = answer["app"], app.object != nil else {
            throw noList("fields of \(id)", of: "/v2/apps\(id)", [])
        }
        return app
    }

    /// Every pod; none where Marathon is older than 1.4. From any other, "not found" is what a proxy says.
    func pods() async throws(Failure) -> [JSON] {
        if let pods = try await find("/v2/pods") { return try list(pods, "pods", of: "/v2/pods") }
        let version = try await get("/v2/info")["version"]?.string
        guard let version, MarathonClient.isOlderThanPods(version) else {
            throw noList(
                "pods", of: "/v2/pods",
                ["it answered that there is no such path; its version is \(version ?? "not known")"])
        }
        return []
    }

    static func isOlderThanPods(_ version: String) -> Bool {
        let numbers = version.split(separator: ".").prefix(2).map { Int($0.prefix { $0.isNumber }) ?? .max }
        return numbers.count == 2 && (numbers[0], numbers[1]) < (1, 4)
    }

    func deployments() async throws(Failure) -> [JSON] {
        try list(await get("/v2/deployments"), "deployments", of: "/v2/deployments")
    }

    /// A list that is missing, or null, is not an empty one: a framework that answers so does not know its services.
    private func list(_ json: JSON?, _ what: String, of path: String) throws(Failure) -> [JSON] {
        guard let list = json?.array else { throw noList(what, of: path, []) }
        return list
    }

    private func noList(_ what: String, of path: String, _ details: [String]) -> Failure {
        Failure(
            "Marathon's answer holds no list of \(what)", at: place + path,
            details: details + ["a proxy may have answered, or Marathon has lost its state or not read it yet"],
            advice: "Check where `url` of this source leads, and that Marathon has its state.")
    }

    /// The ids of the pods that a deployment changes; apps report it themselves.
    func podsUnderDeployment() async throws(Failure) -> Set<ServiceID> {
        let deployments = try await deployments()
        return Set(deployments.flatMap { $0["affectedPods"]?.array ?? [] }.compactMap(\.string).map { ServiceID($0) })
    }

    /// Why the services of a group may be none.
    func doubts(about group: String) async throws(Failure) -> [String] {
        guard group != "/" else { return [] }
        let path = try "/v2/groups" + ServiceID(group).marathonPath(of: "group")
        guard try await find(path) == nil else { return [] }
        let root = try await get("/v2/groups?embed=group.groups")
        let names = (root["groups"]?.array ?? []).compactMap { $0["id"]?.string }.sorted()
        return [
            "Marathon at \(place) has no group \(group), which `group` of its source names; it has "
                + (names.isEmpty ? "none" : names.joined(separator: ", "))
        ]
    }

    /// The role of services that name none. Versions before 1.9 know no other.
    func defaultRole() async throws(Failure) -> String {
        try await get("/v2/info")["marathon_config"]?["mesos_role"]?.string ?? "*"
    }
}
