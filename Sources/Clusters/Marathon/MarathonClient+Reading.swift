import JSON
import Migration

extension MarathonClient {
    func apps(embedding details: [String]) async throws(Failure) -> [JSON] {
        let path = "/v2/apps?" + details.map { "embed=apps.\($0)" }.joined(separator: "&")
        guard let apps = try await get(path)["apps"]?.array else {
            throw Failure("Marathon's answer holds no `apps`", at: "\(place)/v2/apps")
        }
        return apps
    }

    /// Every pod; none where Marathon is older than 1.4.
    func pods() async throws(Failure) -> [JSON] {
        guard let pods = try await find("/v2/pods") else { return [] }
        guard let list = pods.array else {
            throw Failure("Marathon's answer is no list of pods", at: "\(place)/v2/pods")
        }
        return list
    }

    /// The ids of the pods that a deployment changes; apps tell it themselves.
    func podsUnderDeployment() async throws(Failure) -> Set<ServiceID> {
        let deployments = try await get("/v2/deployments").array ?? []
        return Set(deployments.flatMap { $0["affectedPods"]?.array ?? [] }.compactMap(\.string).map { ServiceID($0) })
    }

    /// The role that services get which say nothing of one. Versions before 1.9 know no other.
    func defaultRole() async throws(Failure) -> String {
        try await get("/v2/info")["marathon_config"]?["mesos_role"]?.string ?? "*"
    }
}
