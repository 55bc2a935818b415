import JSON
import Migration

extension Judgement {
    /// Volumes whose data is on the agents, or that only one agent can have.
    func storage(_ parts: DefinitionParts) -> [Finding] {
        parts.volumes.compactMap { volume in
            if volume.json["persistent"] != nil {
                return Finding(
                    .persistentVolume, at: volume.path,
                    "a local persistent volume: its data does not move, and the copy starts empty", .blocking)
            }
            if let external = volume.json["external"] { return self.external(external, at: volume.path) }
            let key = parts.isPod ? "host" : "hostPath"
            return volume.json[key]?.string.map { hostPath($0, at: "\(volume.path).\(key)") }
        }
    }

    private func external(_ volume: JSON, at path: String) -> Finding {
        let name = volume["name"]?.string ?? "without a name"
        let mode = volume["options"]?["capability"]?["accessMode"]?.string ?? ""
        let isShared = volume["shared"]?.bool == true || mode.hasPrefix("MULTI_NODE")
        return isShared
            ? Finding(
                .singleAttachVolume, at: path, "external volume \(name): agents of both colors can attach it", .harmless
            )
            : Finding(
                .singleAttachVolume, at: path,
                "external volume \(name): only one agent can attach it, so both colors can't run at once", .blocking)
    }

    func hostPath(_ folder: String, at path: String) -> Finding {
        let isSystem = Judgement.systemFolders.contains { folder == $0 || folder.hasPrefix($0 + "/") }
        return isSystem
            ? Finding(.hostPath, at: path, "\(folder): every server has it", .harmless)
            : Finding(
                .hostPath, at: path, "\(folder): data on the old agents, which the new ones do not have", .blocking)
    }

    /// What belongs to the operating system of any agent.
    private static let systemFolders = [
        "/dev", "/etc/hosts", "/etc/localtime", "/etc/pki", "/etc/resolv.conf", "/etc/ssl", "/etc/timezone", "/proc",
        "/run/docker.sock", "/sys", "/usr/share/ca-certificates", "/usr/share/zoneinfo", "/var/run/docker.sock",
    ]
}
