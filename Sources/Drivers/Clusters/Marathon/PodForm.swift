import JSON

/// A pod without what Marathon owns. Pods are younger than Marathon's change of networks and ports, so that they have
/// one spelling only. Applied twice it changes nothing more.
enum PodForm {
    static func of(_ pod: JSONObject) -> JSONObject {
        var pod = JSONObject(
            pod.filter { !owned.contains($0.key) && !$0.value.isNull }.map { ($0.key, $0.value.withoutNulls) })
        if let id = pod["id"]?.string, !id.hasPrefix("/") { pod["id"] = .string("/" + id) }
        return pod
    }

    private static let owned: Set<String> = ["version", "versionInfo"]
}
