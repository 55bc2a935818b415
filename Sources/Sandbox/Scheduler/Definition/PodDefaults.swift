import JSON

/// Marathon's normalisation of pods: every default it writes out, and enumerations in capitals.
enum PodDefaults {
    static func complete(_ written: JSONObject, id: PathID, role: String) -> JSONObject {
        var pod = JSONObject(fields: [("id", .string(id.description))])
        for (key, value) in written where key != "id" { pod[key] = value }
        for key in ["environment", "secrets", "volumes"] where pod[key]?.isEmptyContainer == true { pod[key] = nil }
        if (pod["networks"]?.array ?? []).isEmpty { pod["networks"] = [["mode": "host"]] }
        pod["networks"] = .array(
            (pod["networks"]?.array ?? []).map { $0.adding([("mode", "container")]).lowercasing("mode") })
        let isBridged = pod["networks"]?[0]?["mode"]?.string == "container/bridge"
        pod["containers"] = .array((pod["containers"]?.array ?? []).map { container($0, isBridged: isBridged) })
        pod["scaling"] = (pod["scaling"] ?? [:]).adding([("kind", "fixed"), ("instances", 1)]).lowercasing("kind")
        pod["scheduling"] = scheduling(pod["scheduling"] ?? [:], isResident: isResident(pod))
        pod["executorResources"] = (pod["executorResources"] ?? [:]).adding([("cpus", 0.1), ("mem", 32), ("disk", 10)])
        return (JSON.object(pod).adding([("labels", [:]), ("role", .string(role))]).object) ?? pod
    }

    private static func isResident(_ pod: JSONObject) -> Bool {
        (pod["volumes"]?.array ?? []).contains { $0["persistent"] != nil }
    }

    private static func container(_ json: JSON, isBridged: Bool) -> JSON {
        guard var container = json.object else { return json }
        container["resources"] = container["resources"]?.adding([("disk", 0), ("gpus", 0)])
        for key in ["endpoints", "volumeMounts", "artifacts", "environment", "labels"]
        where container[key]?.isEmptyContainer == true {
            container[key] = nil
        }
        if let endpoints = container["endpoints"]?.array, isBridged {
            container["endpoints"] = .array(endpoints.map { $0.adding([("hostPort", 0)]) })
        }
        container["image"] = container["image"]?.uppercasing("kind")
        if var check = container["healthCheck"]?.object {
            check["http"] = check["http"]?.adding([("scheme", "HTTP")]).uppercasing("scheme")
            container["healthCheck"] = JSON.object(check).adding([
                ("gracePeriodSeconds", 300), ("intervalSeconds", 60), ("maxConsecutiveFailures", 3),
                ("timeoutSeconds", 20), ("delaySeconds", 15),
            ])
        }
        return .object(container)
    }

    private static func scheduling(_ json: JSON, isResident: Bool) -> JSON {
        guard var scheduling = json.object else { return json }
        scheduling["backoff"] = (scheduling["backoff"] ?? [:]).adding([
            ("backoff", 1), ("backoffFactor", 1.15), ("maxLaunchDelay", 300),
        ])
        scheduling["upgrade"] = (scheduling["upgrade"] ?? [:]).adding([
            ("minimumHealthCapacity", isResident ? 0.5 : 1), ("maximumOverCapacity", isResident ? 0 : 1),
        ])
        if var placement = scheduling["placement"]?.object {
            placement["constraints"] = (placement["constraints"]?.array).map {
                .array($0.map { $0.uppercasing("operator") })
            }
            scheduling["placement"] = .object(placement)
        }
        let unreachable: JSON = isResident ? "disabled" : ["inactiveAfterSeconds": 0, "expungeAfterSeconds": 0]
        return JSON.object(scheduling).adding([
            ("killSelection", "YOUNGEST_FIRST"), ("unreachableStrategy", unreachable),
        ])
    }
}

extension JSON {
    /// The object with those of the fields it lacks; anything else as it is.
    func adding(_ fields: [(String, JSON)]) -> JSON {
        guard var object else { return self }
        for (key, value) in fields where object[key] == nil { object[key] = value }
        return .object(object)
    }

    fileprivate func uppercasing(_ key: String) -> JSON {
        rewriting(key) { $0.uppercased() }
    }

    fileprivate func lowercasing(_ key: String) -> JSON {
        rewriting(key) { $0.lowercased() }
    }

    private func rewriting(_ key: String, _ change: (String) -> String) -> JSON {
        guard var object, let text = object[key]?.string else { return self }
        object[key] = .string(change(text))
        return .object(object)
    }
}
