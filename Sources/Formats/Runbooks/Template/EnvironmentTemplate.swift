/// A new environment: what is known of it becomes files that `rz validate` accepts, and what is not is marked in them.
public struct EnvironmentTemplate: Sendable, Hashable {
    /// How servers come to be.
    public enum Servers: String, Sendable, Hashable, CaseIterable {
        /// Built by a Terraform module.
        case terraform
        /// Listed in environment.yaml.
        case `static`
    }

    /// A file, its path relative to the project's folder.
    public struct File: Sendable, Hashable {
        public var path: String
        public var text: String
        public var isExecutable = false

        public init(path: String, text: String, isExecutable: Bool = false) {
            self.path = path
            self.text = text
            self.isExecutable = isExecutable
        }
    }

    public var name: String
    public var servers: Servers
    /// Empty where they are still to be filled in, as `frameworks` and `backends`.
    public var loadBalancers: [LoadBalancer]
    public var frameworks: [Framework]
    /// URL of the Mesos master; nil for none, or where mesos-compose needs one that is not known.
    public var mesos: String?
    /// The backends of the load balancers that move.
    public var backends: [String]
    /// What was read of servers that exist; nil for a data centre that is yet to be built.
    public var adopted: Adopted?

    public init(
        name: String, servers: Servers = .terraform, loadBalancers: [LoadBalancer] = [], frameworks: [Framework] = [],
        mesos: String? = nil, backends: [String] = [], adopted: Adopted? = nil
    ) {
        self.name = name
        self.servers = servers
        self.loadBalancers = loadBalancers
        self.frameworks = frameworks
        self.mesos = mesos
        self.backends = backends
        self.adopted = adopted
    }

    /// The path of environment.yaml, relative to the project's folder.
    public var environmentFile: String { "environments/\(name)/environment.yaml" }

    /// All files, environment.yaml last: with it the environment exists.
    public var files: [File] {
        var files = [File(path: "runbooks/rz-update.yaml", text: EnvironmentTemplate.runbook)]
        if adopted?.playbook == nil {
            files.append(
                File(path: "environments/\(name)/ansible/site.yaml", text: EnvironmentTemplate.playbook))
        }
        files += (adopted?.files ?? []).map { file in
            File(path: "environments/\(name)/\(file.path)", text: file.text, isExecutable: file.isExecutable)
        }
        if servers == .terraform, adopted == nil {
            let folder = "environments/\(name)/terraform/servers"
            files += [
                File(path: folder + "/.gitignore", text: EnvironmentTemplate.ignored),
                File(path: folder + "/main.tf", text: EnvironmentTemplate.module),
            ]
        }
        if frameworks.contains(where: { $0.kind == .compose }) {
            files.append(
                File(
                    path: "environments/\(name)/services/\(composeProject).yaml", text: EnvironmentTemplate.composeFile)
            )
        }
        return files + [File(path: environmentFile, text: environment)]
    }

    /// mesos-compose keeps two names for itself.
    private var composeProject: String { ["tasks", "framework"].contains(name) ? "app" : name }
}
