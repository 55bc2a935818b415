import JSON
import Migration

/// What jobs say of their containers. No one asks a job whether it is well: it ends.
extension MetronomeJob {
    /// Source: Metronome 0.6, `jobspec.schema.json`.
    var containerFacts: [ContainerFacts] {
        let run = json["run"]
        let kind = run?["ucr"] == nil ? "docker" : "ucr"
        let container = run?[kind]
        let image = container?["image"]
        var facts = ContainerFacts(
            at: container == nil ? "run" : "run.\(kind)", image: image?.string ?? image?["id"]?.string,
            isPrivileged: container?["privileged"]?.bool ?? false, user: run?["user"]?.string, isHealthChecked: nil)
        facts.mounts = JSON.mounts(run?["volumes"], at: "run.volumes")
        facts.variables = JSON.variables(run?["env"], at: "run.env")
        facts.imageCreated = JSON.imageCreated(json["labels"])
        return [
            facts.applying(
                dockerParameters: JSON.parameters(container?["parameters"]), at: "run.\(kind).parameters")
        ]
    }
}

extension MetronomeCluster {
    public func containers(of service: Service) throws(Failure) -> [ContainerFacts] {
        try MetronomeJob(.object(service.definitionJSON())).containerFacts
    }
}

extension ChronosJob {
    /// Source: Chronos 3.0, `JobSerializer.scala`, `ContainerDeserializer`.
    var containerFacts: [ContainerFacts] {
        let container = json["container"]
        var facts = ContainerFacts(
            at: container == nil ? "" : "container", image: container?["image"]?.string,
            user: json["runAsUser"]?.string, sharesHostNetwork: container?["network"]?.string?.uppercased() == "HOST",
            isHealthChecked: nil)
        facts.mounts = JSON.mounts(container?["volumes"], at: "container.volumes")
        facts.variables = (json["environmentVariables"]?.array ?? []).enumerated().compactMap { index, variable in
            variable["name"]?.string.map {
                .init($0, isOpen: variable["value"]?.string?.isEmpty == false, at: "environmentVariables.\(index)")
            }
        }
        return [
            facts.applying(dockerParameters: JSON.parameters(container?["parameters"]), at: "container.parameters")
        ]
    }
}

extension ChronosCluster {
    public func containers(of service: Service) throws(Failure) -> [ContainerFacts] {
        try ChronosJob(.object(service.definitionJSON())).containerFacts
    }
}
