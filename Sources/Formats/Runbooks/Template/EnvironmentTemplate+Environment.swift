import Migration

extension EnvironmentTemplate {
    /// environment.yaml.
    var environment: String {
        [
            head, servers == .terraform ? terraform : fixedServers, inherited, configuration, platform, sources,
            balancers,
            traffic,
            policies,
        ].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var head: String {
        """
        # What rz has to know of \(name). `rz schema environment` prints the schema for editors.
        # Secrets stand elsewhere: ${env:VAR} or ${file:PATH}. {{ control[0].address }} is a server of the color meant.
        apiVersion: rz/v1
        name: \(name)
        runbook: rz-update
        git: { requireClean: true, requireSigned: false }

        """
    }

    private var terraform: String {
        if let adopted { return adopted.terraform }
        return """
            provision:
              terraform:
                root: terraform/servers             # each color has its own state
                # disks: terraform/disks            # data disks: a state that nothing destroys
                variables: {}
                colors: { blue: { color: blue }, green: { color: green } }

            """
    }

    /// Variables of the environment that programs get which rz runs.
    private var inherited: String {
        guard let names = adopted?.passedOn, !names.isEmpty else { return "" }
        return "pass: [ \(names.joined(separator: ", ")) ]\n"
    }

    private var fixedServers: String {
        var text = """
            provision:
              static:
                servers:                            # they always exist: rz neither builds nor destroys them

            """
        for (color, network) in [(Color.blue, "192.0.2"), (.green, "198.51.100")] {
            if let adopted, adopted.color == color {
                text += adopted.liveServers
                continue
            }
            text += """
                      \(color):                             # FILL IN: the servers of \(color), by group
                        control: [ { name: \(color)-control-1, address: \(network).11 } ]
                        agent: [ { name: \(color)-agent-1, address: \(network).21 } ]

                """
        }
        return text
    }

    private var configuration: String {
        """
        configure:
          ansible: { playbook: \(EnvironmentTemplate.quoted(adopted?.playbook ?? "ansible/site.yaml")), idempotenceCheck: true }

        """
    }

    /// mesos-compose is believed only beside the Mesos below it.
    private var platform: String {
        let needsOne = frameworks.contains { $0.kind == .compose }
        guard mesos != nil || needsOne else { return "" }
        let url = mesos ?? "http://{{ control[0].address }}:5050"
        return """
            platform:
              mesos:
                master: \(EnvironmentTemplate.quoted(url))\(mesos == nil ? "   # FILL IN: the Mesos master" : sharedByColors(url))
                agents: { atLeast: 1 }              # how many must have joined before services are launched

            """
    }

    private var sources: String {
        let url = "http://{{ control[0].address }}:\(Framework.Kind.marathon.port)"
        var text = "services:\n  sources:\n"
        for framework in frameworks.isEmpty ? [Framework(.marathon, url: url)] : frameworks {
            let note = frameworks.isEmpty ? "   # FILL IN: what launches services" : sharedByColors(framework.url)
            text += "    - \(framework.kind):\n        url: \(EnvironmentTemplate.quoted(framework.url))\(note)\n"
            if framework.kind == .marathon { text += "        group: /                            # what moves\n" }
            if framework.kind == .compose {
                text += "        files: services/*.yaml              # what it is to run; each file is a project\n"
            }
            if let login = adopted?.logins[framework.kind] {
                text += "        user: \(EnvironmentTemplate.quoted(login.user))\n"
                text += "        password: \(EnvironmentTemplate.quoted(login.password))\n"
            } else {
                text += "        # user: rz                          # where it requires authentication\n"
                text += "        # password: \"${file:/etc/rz/\(framework.kind).password}\"\n"
            }
        }
        return text + """
              ignore: []
              overrides: []                         # `rz services \(name)` lists what needs one

            """
    }

    /// A literal host is one server: that of a single color.
    private func sharedByColors(_ url: String) -> String {
        guard !url.contains("{{") else { return "" }
        return "   # FILL IN: both colors would call this server; write {{ control[0].address }} for its host"
    }

    private var balancers: String {
        let standard = LoadBalancer(name: "edge-1", socket: "unix:/run/haproxy/admin.sock")
        var text = "loadBalancers:\n"
        for balancer in loadBalancers.isEmpty ? [standard] : loadBalancers {
            text += """
                  - name: \(balancer.name)
                    haproxy:
                      socket: \(EnvironmentTemplate.quoted(balancer.socket))\(loadBalancers.isEmpty ? "   # FILL IN: its socket of level admin" : "")
                \(stateFile(balancer))
                      # epochMap: /etc/haproxy/rz-epoch.map       # keeps a run that was replaced from writing
                      # master: "unix:/run/haproxy/master.sock"   # `haproxy -S`: sees sessions of before a reload

                """
        }
        return text
    }

    /// One that another host has can't be written from here. Each of several on this one has its own.
    private func stateFile(_ balancer: LoadBalancer) -> String {
        guard balancer.socket.hasPrefix("tcp:") else {
            let name = loadBalancers.count > 1 ? "\(balancer.name).state" : "server-state"
            return """
                      stateFile: /var/lib/haproxy/\(name)    # FILL IN: its `server-state-file`
                """
        }
        return """
                  # FILL IN: its `server-state-file`, if this host can write it; or why a reload may bring back old weights
                  # stateFile: { none: "its configuration is generated with the weights of now" }
            """
    }

    private var traffic: String {
        if let adopted { return adopted.trafficText }
        var text = "traffic:                                # FILL IN: how the servers of each color are named there\n"
        text += "  # Runs put those there that have a rule: green: { from: agent, port: 31001, name: \"{{ name }}\" }\n"
        for backend in backends.isEmpty ? ["be_\(name)"] : backends {
            text += "  - backend: \(backend)\(backends.isEmpty ? "   # FILL IN: the backend that users reach" : "")\n"
            text += "    servers: { blue: \"blue-*\", green: \"green-*\" }\n"
        }
        return text
    }

    private var policies: String {
        """
        gates:
          service: { healthy: { for: 20s }, probes: [ { http: { path: /health, expect: 200 } } ] }
          cutOver:
            steps:
              - { share: 1%, bake: 1m }
              - { share: 10%, bake: 2m }
              - { share: 50%, bake: 2m }
              - { share: 100%, bake: 5m }
            analysis:
              - loadBalancers: { errorRate: { max: 0.1% } }

        drain: { quiet: 30s, deadline: 30m, atDeadline: hold }
        soak: 15m
        approvals: { cutOver: 1, tearDown: 2 }

        """
    }

    /// A double-quoted scalar (YAML 1.2, section 7.3.1).
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
