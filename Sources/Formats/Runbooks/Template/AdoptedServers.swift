import JSON
import Migration

extension EnvironmentTemplate {
    /// What was read of a data centre that exists: its servers are those of the live color.
    public struct Adopted: Sendable, Hashable {
        public var color: Color
        /// What the environment's folder has of it, by paths below that folder.
        public var files: [File] = []
        /// The root module, relative to the environment's folder.
        public var root = "terraform/servers"
        /// Where servers are in the module's outputs; nil for an output `inventory`.
        public var groups: [String: TerraformGroup]?
        public var variables: [Variable] = []
        /// The live color's servers.
        public var servers = Inventory()
        public var traffic: [Rule] = []
        /// The playbook, relative to the environment's folder; nil where there is none yet.
        public var playbook: String?
        /// Names of variables of the environment that Terraform and Ansible get.
        public var pass: [String] = []
        public var logins: [Framework.Kind: Login] = [:]

        public init(color: Color) { self.color = color }

        /// Those that runs need, too. What Terraform's backend `http` authenticates with served to read the state that is
        /// adopted; rz keeps its copy elsewhere.
        var passedOn: [String] { pass.filter { !$0.hasPrefix("TF_HTTP_") } }

        /// A variable of the module.
        public struct Variable: Sendable, Hashable {
            public var name: String
            /// Nil where it must be filled in.
            public var value: JSON?
            /// Whether each color needs a value of its own.
            public var isOfColor: Bool
            public var isSecret: Bool

            public init(name: String, value: JSON?, isOfColor: Bool, isSecret: Bool) {
                self.name = name
                self.value = value
                self.isOfColor = isOfColor
                self.isSecret = isSecret
            }
        }

        /// Which servers of a backend are which color's.
        public struct Rule: Sendable, Hashable {
            public var backend: String
            public var live: String
            public var other: String
            /// Whether `other` is only proposed.
            public var isProposal: Bool

            public init(backend: String, live: String, other: String, isProposal: Bool) {
                self.backend = backend
                self.live = live
                self.other = other
                self.isProposal = isProposal
            }
        }

        /// Who calls a framework.
        public struct Login: Sendable, Hashable {
            public var user: String
            /// A reference.
            public var password: String

            public init(user: String, password: String) {
                self.user = user
                self.password = password
            }
        }
    }
}

extension EnvironmentTemplate.Adopted {
    /// `provision`.
    var terraform: String {
        var text = "provision:\n  terraform:\n"
        text += "    root: \(EnvironmentTemplate.quoted(root))   # each color has its own state\n"
        text += "    # disks: terraform/disks            # data disks: a state that nothing destroys\n"
        if let groups {
            text += "    inventory:                          # where servers are in the module's outputs\n"
            for (name, group) in groups.sorted(by: { $0.key < $1.key }) {
                let fields = [("output", group.output), ("name", group.name), ("address", group.address)]
                    .compactMap { key, value in value.map { "\(key): \(EnvironmentTemplate.quoted($0))" } }
                text += "      \(EnvironmentTemplate.quoted(name)): { \(fields.joined(separator: ", ")) }\n"
            }
        }
        let common = variables.filter { !$0.isOfColor }
        text += common.isEmpty ? "    variables: {}\n" : "    variables:\n"
        for variable in common { text += "      \(line(variable))\n" }
        text += "    colors:\n"
        for color in Color.allCases {
            // rz gives each module the variable `color`.
            text += "      \(color):\n        color: \(color)\n"
            for variable in variables where variable.isOfColor {
                let mark =
                    color == self.color || variable.value == nil
                    ? ""
                    : "   # FILL IN: \(variable.name) of \(color), another value than \(self.color)'s where names or addresses have it"
                text += "        \(line(variable))\(mark)\n"
            }
        }
        return text
    }

    private func line(_ variable: Variable) -> String {
        let name = EnvironmentTemplate.quoted(variable.name)
        if variable.isSecret {
            let file = "${file:/etc/rz/\(variable.name)}"
            return
                "\(name): \(EnvironmentTemplate.quoted(file))   # FILL IN: a file with this secret, mode 0600, or ${env:…}"
        }
        guard let value = variable.value else {
            return "\(name): \"\"   # FILL IN: the value that \(variable.name) has now"
        }
        return "\(name): \(value.string.map(EnvironmentTemplate.quoted) ?? value.compact)"
    }

    /// The live color's part of `provision.static.servers`.
    var liveServers: String {
        var text = "      \(color):\n"
        for (group, hosts) in servers.groups.sorted(by: { $0.key < $1.key }) {
            text += "        \(EnvironmentTemplate.quoted(group)):\n"
            for host in hosts {
                let structured = Set(host.structured ?? [])
                let fields =
                    [("name", host.name), ("address", host.address)].map { "\($0): \(EnvironmentTemplate.quoted($1))" }
                    + host.variables.sorted { $0.key < $1.key }.map { key, value in
                        let value = structured.contains(key) ? value : EnvironmentTemplate.quoted(value)
                        return "\(EnvironmentTemplate.quoted(key)): \(value)"
                    }
                text += "          - { \(fields.joined(separator: ", ")) }\n"
            }
        }
        return text
    }

    /// `traffic`.
    var trafficText: String {
        var text = "traffic:\n"
        for rule in traffic {
            text += "  - backend: \(rule.backend)\n    servers:\n"
            for color in Color.allCases {
                let isLive = color == self.color
                let mark =
                    isLive || !rule.isProposal
                    ? "" : "   # FILL IN: how the servers of \(color) are named in \(rule.backend)"
                text += "      \(color): \(EnvironmentTemplate.quoted(isLive ? rule.live : rule.other))\(mark)\n"
            }
        }
        return text
    }
}
