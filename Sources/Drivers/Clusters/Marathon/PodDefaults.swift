import JSON

/// What Marathon fills in where the definition of a pod is silent.
///
/// Source: Marathon 1.11, RAML types and `PodNormalization.scala`.
enum PodDefaults {
    /// The pod as any Marathon would report it, without its instance count and without the role of the cluster.
    static func filled(_ pod: JSONObject) -> JSON {
        var pod = pod
        pod["scaling"] = pod["scaling"].map { scaling in
            guard var object = scaling.object else { return scaling }
            object["instances"] = nil
            if object["kind"]?.string?.lowercased() == "fixed" { object["kind"] = nil }
            return .object(object)
        }
        if pod["networks"] == nil || NormalForm.isEmpty(pod["networks"]) { pod["networks"] = [["mode": "host"]] }
        NormalForm.fillEach("networks", of: &pod, ["mode": "container"])
        lowercase("mode", ofEach: "networks", &pod)
        let isBridged = pod["networks"]?[0]?["mode"]?.string == "container/bridge"
        pod["containers"] = pod["containers"].map { list in
            list.array.map { .array($0.map { container($0, isBridged: isBridged) }) } ?? list
        }
        NormalForm.fillEach("volumes", of: &pod, [:])
        let isResident = (pod["volumes"]?.array ?? []).contains { $0["persistent"] != nil }
        pod["scheduling"] = scheduling(pod["scheduling"] ?? [:], isResident: isResident)
        pod["executorResources"] = NormalForm.filled(
            pod["executorResources"] ?? [:], ["cpus": 0.1, "mem": 32, "disk": 10])
        return NormalForm.of(pod, sets: [])
    }

    private static func container(_ value: JSON, isBridged: Bool) -> JSON {
        guard var container = NormalForm.filled(value, [:]).object else { return value }
        container["resources"] = container["resources"].map {
            NormalForm.filled($0, ["cpus": 1, "mem": 128, "disk": 0, "gpus": 0])
        }
        NormalForm.fillEach("endpoints", of: &container, isBridged ? ["hostPort": 0] : [:])
        NormalForm.fillEach("volumeMounts", of: &container, ["readOnly": false])
        NormalForm.fillEach("artifacts", of: &container, ["extract": true, "executable": false, "cache": false])
        container["image"] = container["image"].map {
            uppercased("kind", of: NormalForm.filled($0, ["forcePull": false]))
        }
        container["healthCheck"] = container["healthCheck"].map {
            NormalForm.filled(
                withScheme($0),
                [
                    "gracePeriodSeconds": 300, "intervalSeconds": 60, "maxConsecutiveFailures": 3, "timeoutSeconds": 20,
                    "delaySeconds": 15,
                ])
        }
        return .object(container)
    }

    private static func withScheme(_ healthCheck: JSON) -> JSON {
        guard var object = healthCheck.object, let http = object["http"] else { return healthCheck }
        object["http"] = uppercased("scheme", of: NormalForm.filled(http, ["scheme": "HTTP"]))
        return .object(object)
    }

    private static func scheduling(_ value: JSON, isResident: Bool) -> JSON {
        guard var scheduling = value.object else { return value }
        scheduling["backoff"] = NormalForm.filled(
            scheduling["backoff"] ?? [:], ["backoff": 1, "backoffFactor": 1.15, "maxLaunchDelay": 300])
        scheduling["upgrade"] = NormalForm.filled(
            scheduling["upgrade"] ?? [:],
            isResident
                ? ["minimumHealthCapacity": 0.5, "maximumOverCapacity": 0]
                : ["minimumHealthCapacity": 1, "maximumOverCapacity": 1])
        scheduling["unreachableStrategy"] = NormalForm.filled(
            scheduling["unreachableStrategy"] ?? (isResident ? "disabled" : [:]),
            ["inactiveAfterSeconds": 0, "expungeAfterSeconds": 0])
        if var placement = scheduling["placement"]?.object {
            placement["constraints"] = placement["constraints"].map { list in
                NormalForm.sorted(list.array.map { .array($0.map { uppercased("operator", of: $0) }) } ?? list)
            }
            placement["acceptedResourceRoles"] = placement["acceptedResourceRoles"].map(NormalForm.sorted)
            scheduling["placement"] = NormalForm.filled(.object(placement), [:])
        }
        return NormalForm.filled(.object(scheduling), ["killSelection": "YOUNGEST_FIRST"])
    }

    // MARK: - Words that Marathon takes in any case

    private static func uppercased(_ key: String, of value: JSON) -> JSON {
        guard var object = value.object, let text = object[key]?.string else { return value }
        object[key] = .string(text.uppercased())
        return .object(object)
    }

    private static func lowercase(_ key: String, ofEach list: String, _ object: inout JSONObject) {
        object[list] = object[list].map { value in
            guard let elements = value.array else { return value }
            return .array(
                elements.map { element in
                    guard var object = element.object, let text = object[key]?.string else { return element }
                    object[key] = .string(text.lowercased())
                    return .object(object)
                })
        }
    }
}
