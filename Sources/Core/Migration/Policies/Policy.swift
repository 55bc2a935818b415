/// A rule for what a service's definition may say.
public enum Policy: String, Codable, Sendable, Hashable, CaseIterable, CodingKeyRepresentable {
    case privileged, root, hostNetwork, hostProcesses, dockerSocket, hostFolder, latestImage, noDigest, capabilities
    case openSecret, noMemoryLimit, noHealthCheck, oldImage

    /// What it forbids, in one phrase.
    public var meaning: String {
        switch self {
        case .privileged: "a privileged container"
        case .root: "a container that runs as root"
        case .hostNetwork: "the network of the host"
        case .hostProcesses: "the processes of the host"
        case .dockerSocket: "the socket of the container engine"
        case .hostFolder: "the root folder or a system folder of the host"
        case .latestImage: "an image without a version, or `latest`"
        case .noDigest: "an image that is not named by its digest"
        case .capabilities: "capabilities of Linux beyond the usual ones"
        case .openSecret: "a variable that is called a secret, with its value in the definition"
        case .noMemoryLimit: "no limit of memory"
        case .noHealthCheck: "no health check"
        case .oldImage: "an image that is older than `maxImageAge`, by its label `\(ContainerFacts.createdLabel)`"
        }
    }

    /// What of a container it forbids, each with its place in the definition. Holds no value that could be a secret.
    func breaches(in facts: ContainerFacts, maxImageAge: Period?, now: Instant) -> [(place: String, text: String)] {
        func found(_ isFound: Bool, _ key: String, _ text: String) -> [(place: String, text: String)] {
            isFound ? [(facts.place(of: key), text)] : []
        }
        switch self {
        case .privileged: return found(facts.isPrivileged, "privileged", "it is privileged")
        case .root:
            let user = facts.user?.split(separator: ":").first.map(String.init)
            return found(user == "root" || user == "0", "user", "it runs as root")
        case .hostNetwork: return found(facts.sharesHostNetwork, "network", "it shares the network of its agent")
        case .hostProcesses: return found(facts.sharesHostProcesses, "pid", "it sees the processes of its agent")
        case .dockerSocket:
            return facts.mounts.filter { $0.isEngineSocket }.map {
                ($0.place, "\($0.path): whoever has it is root on the agent")
            }
        case .hostFolder:
            return facts.mounts.filter(\.isSystemFolder).map {
                ($0.place, "\($0.path) of the agent\($0.isReadOnly ? ", read only" : "")")
            }
        case .latestImage:
            guard let image = facts.image, ImageName(image).isMoving else { return [] }
            return [(facts.place(of: "image"), "\(image): the same name may be another image tomorrow")]
        case .noDigest:
            guard let image = facts.image, ImageName(image).digest == nil else { return [] }
            return [(facts.place(of: "image"), "\(image) has no digest")]
        case .capabilities:
            let more = Set(facts.capabilities).subtracting(Policy.usualCapabilities).sorted()
            return found(!more.isEmpty, "capabilities", "it gets \(more.joined(separator: ", "))")
        case .openSecret:
            return facts.variables.filter { $0.isOpen && SecretName.isSurely($0.name) }.map {
                ($0.place, "the value of \($0.name) stands in the definition")
            }
        case .noMemoryLimit: return found(!facts.hasMemoryLimit, "memory", "it may use up the memory of its agent")
        case .noHealthCheck:
            return found(facts.isHealthChecked == false, "healthChecks", "no one asks whether it is well")
        case .oldImage:
            guard let limit = maxImageAge, let created = facts.imageCreated, now - created > limit else { return [] }
            let day = created.description.prefix(10)
            return [(facts.place(of: "image"), "its image is of \(day), and may be \(limit) old")]
        }
    }

    /// Those that a container of Docker has anyway.
    ///
    /// Source: Docker 24, "Runtime privilege and Linux capabilities".
    private static let usualCapabilities: Set<String> = [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
        "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ]
}

extension ContainerFacts {
    fileprivate func place(of key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }
}

extension ContainerFacts.Mount {
    /// Without `.`, `..`, and slashes that say nothing.
    private var parts: [Substring] {
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
        }
        return parts
    }

    fileprivate var isEngineSocket: Bool {
        guard let name = parts.last else { return false }
        return ["docker.sock", "containerd.sock", "crio.sock", "podman.sock"].contains(name)
    }

    /// `/` itself, and what an agent is run by.
    fileprivate var isSystemFolder: Bool {
        path.hasPrefix("/")
            && ["", "proc", "sys", "dev", "boot", "etc", "root", "run", "var/run", "var/lib/docker"]
                .contains(parts.joined(separator: "/"))
    }
}
