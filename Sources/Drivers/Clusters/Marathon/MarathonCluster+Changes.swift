import JSON
import Migration
import Transport

extension MarathonCluster {
    public func launch(_ service: Service, suspended: Bool) async throws(Failure) {
        let path = try service.id.marathonPath()
        var definition = try definition(of: service)
        if suspended { definition.instances = 0 }
        for group in service.groups { try await client.ensure(group) }
        let list = definition.kind == .app ? "/v2/apps" : "/v2/pods"
        let answer = try await client.change(.post, list, body: definition.text, accepting: [409])
        guard answer.status == 409 else { return }
        // It exists: from an earlier try, or with another definition. Replacing it says the same thing twice at worst.
        let replacement = definition.kind == .app ? "?partialUpdate=false" : ""
        _ = try await client.change(.put, "\(list)\(path)\(replacement)", body: definition.text)
    }

    public func stop(_ service: ServiceID) async throws(Failure) {
        let path = try service.marathonPath()
        // A launch that is under way would lock it; stopping it is what is wanted, so force.
        if try await client.changeIfPresent(.delete, "/v2/apps\(path)?force=true") != nil { return }
        _ = try await client.changeIfPresent(.delete, "/v2/pods\(path)?force=true")
    }

    // MARK: - Single-color services

    public func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] {
        try await observeHealth(services).mapValues { health in
            ServiceActivity(
                isEnabled: health.expected > 0, instances: health.expected, running: health.running + health.staged)
        }
    }

    public func suspend(_ service: ServiceID) async throws(Failure) { try await scale(service, to: 0) }

    public func activate(_ service: ServiceID, instances: Int) async throws(Failure) {
        try await scale(service, to: instances)
    }

    public func runOnce(_ job: ServiceID) async throws(Failure) {
        throw Failure("\(job) is a service of Marathon, which has no schedule")
    }

    /// Looks first: a change of an app that does not exist would make one.
    private func scale(_ service: ServiceID, to instances: Int) async throws(Failure) {
        let path = try service.marathonPath()
        if try await client.find("/v2/apps\(path)") != nil {
            _ = try await client.change(.put, "/v2/apps\(path)", body: #"{"instances":\#(instances)}"#)
            return
        }
        guard let pod = try await client.find("/v2/pods\(path)") else {
            throw Failure(
                "\(service) does not exist, so it can't be given \(instances) instances", at: client.place)
        }
        var definition = try MarathonDefinition(pod)
        definition.instances = instances
        _ = try await client.change(.put, "/v2/pods\(path)", body: definition.text)
    }
}
