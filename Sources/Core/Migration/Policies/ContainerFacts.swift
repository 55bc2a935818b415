/// What the definition of a service says of a container, or of a command on an agent, that policies look at.
public struct ContainerFacts: Sendable, Hashable {
    /// A folder or file of the host that it sees.
    public struct Mount: Sendable, Hashable {
        public var path: String
        public var isReadOnly: Bool
        /// Where in the definition.
        public var place: String

        public init(_ path: String, isReadOnly: Bool = false, at place: String) {
            self.path = path
            self.isReadOnly = isReadOnly
            self.place = place
        }
    }

    /// An environment variable.
    public struct Variable: Sendable, Hashable {
        public var name: String
        /// Whether its value stands in the definition, and is no reference to a store of secrets.
        public var isOpen: Bool
        public var place: String

        public init(_ name: String, isOpen: Bool, at place: String) {
            self.name = name
            self.isOpen = isOpen
            self.place = place
        }
    }

    /// Where it stands in the definition, for example `container.docker`; empty for the definition itself.
    public var place: String
    /// Nil where it has none.
    public var image: String?
    public var isPrivileged: Bool
    /// Nil where the definition does not say who it runs as.
    public var user: String?
    public var sharesHostNetwork: Bool
    public var sharesHostProcesses: Bool
    public var mounts: [Mount]
    /// Those of Linux that it gets beside the usual ones, without `CAP_`, in capital letters.
    public var capabilities: [String]
    public var variables: [Variable]
    /// Whether it can use up the memory of its agent.
    public var hasMemoryLimit: Bool
    /// Nil where the framework checks no health of such a service: a job ends by itself.
    public var isHealthChecked: Bool?
    /// By its label `org.opencontainers.image.created`; nil where it has none that can be read.
    ///
    /// Source: OCI image specification 1.1, "Pre-Defined Annotation Keys".
    public var imageCreated: Instant?

    public static let createdLabel = "org.opencontainers.image.created"

    public init(
        at place: String, image: String? = nil, isPrivileged: Bool = false, user: String? = nil,
        sharesHostNetwork: Bool = false, sharesHostProcesses: Bool = false, mounts: [Mount] = [],
        capabilities: [String] = [], variables: [Variable] = [], hasMemoryLimit: Bool = true,
        isHealthChecked: Bool? = true, imageCreated: Instant? = nil
    ) {
        self.place = place
        self.image = image
        self.isPrivileged = isPrivileged
        self.user = user
        self.sharesHostNetwork = sharesHostNetwork
        self.sharesHostProcesses = sharesHostProcesses
        self.mounts = mounts
        self.capabilities = capabilities
        self.variables = variables
        self.hasMemoryLimit = hasMemoryLimit
        self.isHealthChecked = isHealthChecked
        self.imageCreated = imageCreated
    }

    /// The same, with what `parameters` of a Docker container say, as `docker run` takes them: the value of `--KEY`.
    public func applying(dockerParameters parameters: [(key: String, value: String)], at place: String)
        -> ContainerFacts
    {
        var facts = self
        for (index, parameter) in parameters.enumerated() {
            let value = parameter.value
            switch parameter.key {
            case "privileged": facts.isPrivileged = facts.isPrivileged || value != "false"
            case "user", "u": facts.user = value
            case "net", "network": facts.sharesHostNetwork = facts.sharesHostNetwork || value == "host"
            case "pid": facts.sharesHostProcesses = facts.sharesHostProcesses || value == "host"
            case "cap-add": facts.capabilities.append(ContainerFacts.capability(value))
            case "volume", "v":
                let parts = value.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
                guard parts.count > 1, parts[0].hasPrefix("/") else { continue }
                let options = parts.count > 2 ? parts[2].split(separator: ",") : []
                facts.mounts.append(
                    Mount(parts[0], isReadOnly: options.contains("ro"), at: "\(place).\(index)"))
            case "env", "e":
                guard let name = value.split(separator: "=", maxSplits: 1).first, value.contains("=") else { continue }
                facts.variables.append(Variable(String(name), isOpen: true, at: "\(place).\(index)"))
            default: break
            }
        }
        return facts
    }

    /// `CAP_SYS_ADMIN` and `sys_admin` are `SYS_ADMIN`.
    public static func capability(_ text: String) -> String {
        let name = text.uppercased()
        return name.hasPrefix("CAP_") ? String(name.dropFirst(4)) : name
    }
}
