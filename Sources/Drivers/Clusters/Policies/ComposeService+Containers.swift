import JSON
import Migration

extension ComposeService {
    /// What mesos-compose makes of it: without a limit of memory it asks for 50 MB.
    ///
    /// Source: mesos-compose dd95e1b, `api/compose.go`, `types/types.go`.
    var containerFacts: ContainerFacts {
        let image = service["image"]?.string
        var facts = ContainerFacts(at: "", image: image?.isEmpty == false ? image : nil)
        facts.isPrivileged = service["privileged"]?.bool ?? false
        facts.sharesHostNetwork = network.mode == "host"
        facts.capabilities = (service["cap_add"]?.array ?? []).compactMap(\.string).map(ContainerFacts.capability)
        facts.mounts = volumes.enumerated().filter { $0.element.name.hasPrefix("/") }.map { index, volume in
            .init(volume.name, isReadOnly: volume.isReadOnly, at: "volumes.\(index)")
        }
        facts.variables = JSON.variables(.object(variables), at: "environment")
        facts.isHealthChecked = healthCheck != nil
        facts.imageCreated = JSON.imageCreated(.object(labels))
        return facts
    }
}

extension ComposeCluster {
    public func containers(of service: Service) throws(Failure) -> [ContainerFacts] {
        [try ComposeService(service.definitionJSON()).containerFacts]
    }
}
