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

    public init(
        name: String, servers: Servers = .terraform, loadBalancers: [LoadBalancer] = [], frameworks: [Framework] = [],
        mesos: String? = nil, backends: [String] = []
    ) {
        self.name = name
        self.servers = servers
        self.loadBalancers = loadBalancers
        self.frameworks = frameworks
        self.mesos = mesos
        self.backends = backends
    }

    /// The path of environment.yaml, relative to the project's folder.
    public var environmentFile: String { "environments/\(name)/environment.yaml" }

    /// All files, environment.yaml last: with it the environment exists.
    public var files: [File] {
        var files = [
            File(path: "runbooks/rz-update.yaml", text: EnvironmentTemplate.runbook),
            File(path: "environments/\(name)/ansible/site.yaml", text: EnvironmentTemplate.playbook),
        ]
        if servers == .terraform {
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
