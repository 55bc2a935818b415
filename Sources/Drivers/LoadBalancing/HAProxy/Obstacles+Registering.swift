import Migration
import SafeFiles

/// What would keep servers from being put into a backend, or from staying there.
extension Obstacles {
    /// - Parameter backends: those whose servers the new ones are to be like.
    func ofRegistration(_ rule: TrafficRule, like backends: [String]) -> [Obstacle] {
        guard let registration = rule.registration else { return [] }
        return ofTLS(rule, registration, backends) + ofConfiguration(rule)
    }

    private func ofTLS(
        _ rule: TrafficRule, _ registration: [Color: ServerRegistration], _ backends: [String]
    ) -> [Obstacle] {
        guard registration.values.contains(where: { $0.options == nil }),
            look.records.contains(where: { backends.contains($0.backend) && $0.usesTLS })
        else { return [] }
        return [
            blocking(
                "servers of backend \(rule.backend) speak TLS, and HAProxy does not report how, so none can be added like "
                    + "them. Say it with `options` under `traffic`, for example "
                    + "`[check, ssl, verify, required, ca-file, /etc/haproxy/ca.pem]`.")
        ]
    }

    private func ofConfiguration(_ rule: TrafficRule) -> [Obstacle] {
        let backend = rule.backend
        let lines = ConfigurationLines(backend: backend)
        let consequence = "a reload of HAProxy forgets the servers that runs put into backend \(backend)"
        guard let configuration else {
            if let reason = address.withoutConfiguration {
                return [warning("no configuration (\(reason)): \(consequence)")]
            }
            return [
                blocking(
                    "`haproxy` has no `configuration` in the environment: \(consequence). Name the file there that has the "
                        + "backend, and write the two comments \(lines.marks) into it, each in a line of its own, where the "
                        + "backend's servers stand; or say why that does no harm: `configuration: { none: … }`.")
            ]
        }
        let contents: String?
        do throws(FileProblem) {
            contents = try configuration.text
            if let problem = configuration.obstacle { throw problem }
        } catch {
            let advice = error.advice.map { ". \($0)" } ?? ""
            return [blocking("\(configuration.path) can't be replaced: \(error.reason)\(advice), and \(consequence)")]
        }
        guard let contents else {
            return [
                blocking(
                    "\(configuration.path) is not on this host, so \(consequence). Run rz where it is; or say why that does "
                        + "no harm: `configuration: { none: … }`.")
            ]
        }
        guard let kept = lines.servers(in: contents) else {
            return [
                blocking(
                    "\(configuration.path) has no place for servers of backend \(backend). Write the two comments "
                        + "\(lines.marks) there, each in a line of its own, where the backend's servers stand.")
            ]
        }
        return ofDifferences(rule, kept, configuration.path)
    }

    /// Where the file and the process are of different minds a reload changes who serves.
    private func ofDifferences(_ rule: TrafficRule, _ kept: [ServerLine], _ path: String) -> [Obstacle] {
        let listed = Dictionary(
            look.records.filter { $0.backend == rule.backend }.map { ($0.name, $0.address) },
            uniquingKeysWith: { first, _ in first })
        let lost = kept.filter { listed[$0.name] != $0.address }
        guard let first = lost.first else { return [] }
        return [
            warning(
                "\(path) has \(first.name) at \(first.address)\(lost.count > 1 ? " and \(lost.count - 1) more" : "") in backend "
                    + "\(rule.backend), and the process does not: a reload would bring "
                    + "\(lost.count > 1 ? "them" : "it") back. The next run writes what the process lists.")
        ]
    }
}
