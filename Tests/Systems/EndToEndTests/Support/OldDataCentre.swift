import Foundation
import FreePorts
import JSON
import SandboxTesting
import Testing
import Waiting

/// A data centre that rz did not build: plain Terraform, plain Ansible and two HAProxies, with names of their own.
struct OldDataCentre {
    let project: NewProject
    let folder: String
    let marathon: Int
    let compose: Int
    let mesos: Int
    let service: Int
    let front: Int
    private let keeper: FolderKeeper

    static let networks = ["nord": "127.0.81", "sued": "127.0.82"]
    static let edges = ["lb-a", "lb-b"]

    /// Builds it and its users' service, hands it over, and takes it away whatever happens.
    static func with(_ test: (OldDataCentre) async throws -> Void) async throws {
        try await NewProject.with { project in
            let centre = try OldDataCentre(project)
            defer { centre.keeper.end() }
            try await centre.build()
            try await test(centre)
        }
    }

    private init(_ project: NewProject) throws {
        self.project = project
        folder = project.base + "/dc"
        keeper = try FolderKeeper(folder: project.base)
        let ports = try FreePorts.claim(5)
        (marathon, service, front, compose, mesos) = (ports[0], ports[1], ports[2], ports[3], ports[4])
    }

    var module: String { folder + "/terraform" }
    var playbook: String { folder + "/ansible/site.yml" }
    func socket(_ edge: String) -> String { "unix:\(folder)/haproxy/\(edge).sock" }
    func stateFile(_ edge: String) -> String { "\(folder)/haproxy/\(edge).servers" }
    func configuration(_ edge: String) -> String { "\(folder)/haproxy/\(edge).cfg" }

    /// What `rz adopt` is given of it.
    var flags: [String] {
        ["--terraform", module, "--ansible", playbook, "--framework", "marathon=http://127.0.81.10:\(marathon)"]
            + OldDataCentre.edges.flatMap { ["--load-balancer", "\($0)=\(socket($0))"] }
    }

    /// Everything below its folder, by path; logs, sockets and what servers keep for themselves left out.
    func contents() throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for part in ["terraform", "states", "ansible", "haproxy"] {
            let root = folder + "/" + part
            for path in try FileManager.default.subpathsOfDirectory(atPath: root) where !path.hasSuffix(".log") {
                contents["\(part)/\(path)"] = FileManager.default.contents(atPath: "\(root)/\(path)")
            }
        }
        return contents
    }

    // MARK: - Building

    private func build() async throws {
        try write("terraform/main.tf", terraform)
        try write(
            "terraform/terraform.tfvars",
            "# The only data centre so far.\nprefix  = \"nord\"\nnetwork = \"127.0.81\"\nfolder  = \"\(folder)/servers\"\n"
                + "apps    = { app1 = 11, app2 = 12 }\n")
        try write("ansible/site.yml", site)
        try write(
            "ansible/group_vars/all.yml",
            "ansible_connection: local\nansible_python_interpreter: \"{{ ansible_playbook_python }}\"\n"
                + "rz: \(Program.rz.path)\nmarathon: \(marathon)\ncompose: \(compose)\nmesos: \(mesos)\n"
                + "service: \(service)\n")
        let program = Program.checkout.appending(path: "environments/sandbox/services/service.py").path
        try write("ansible/files/service.py", String(contentsOfFile: program, encoding: .utf8))
        let servers = "\(folder)/servers/nord"
        try write(
            "hosts.yml",
            """
            apps:
              hosts:
                nord-app1: { private_ip: 127.0.81.11, site: nord, dir: \(servers)/app1 }
                nord-app2: { private_ip: 127.0.81.12, site: nord, dir: \(servers)/app2 }
            managers:
              hosts:
                nord-mgr: { private_ip: 127.0.81.10, site: nord, dir: \(servers)/mgr }
            """)
        try await run("cd '\(module)' && terraform init -input=false && terraform apply -input=false -auto-approve")
        try await run("ansible-playbook -i '\(folder)/hosts.yml' '\(playbook)'")
        try write("app.json", app)
        let url = "http://127.0.81.10:\(marathon)"
        try await run(
            "curl -sS --fail-with-body --retry 20 --retry-connrefused --retry-delay 1 -XPOST -H content-type:application/json -d @'\(folder)/app.json' \(url)/v2/apps"
        )
        for (number, edge) in OldDataCentre.edges.enumerated() {
            try write("haproxy/\(edge).cfg", haproxy(edge, "127.0.80.\(number + 1)"))
            try write("haproxy/\(edge).servers", "1\n")
            try await run(
                "cd '\(folder)' && haproxy -D -W -f '\(configuration(edge))' -p '\(folder)/haproxy-\(edge).pid'")
        }
        for number in 1...OldDataCentre.edges.count {
            try await eventually("the service answers by load balancer \(number)", within: .seconds(30)) {
                try await project.shell("curl -sf http://127.0.80.\(number):\(front)/").status == 0
            }
        }
    }

    /// Lists servers of the other site on the load balancers, and reloads them as an operator would.
    func list(_ lines: [String]) async throws {
        for edge in OldDataCentre.edges {
            let file = configuration(edge)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try (text + lines.map { "    \($0)\n" }.joined()).write(toFile: file, atomically: true, encoding: .utf8)
            try await run("kill -USR2 $(cat '\(folder)/haproxy-\(edge).pid')")
            try await eventually("\(edge) lists them", within: .seconds(20)) {
                let table = try await askHAProxy(socket(edge), "show servers state")
                return table.contains("sued-app1")
            }
        }
    }

    /// Launches a project of mesos-compose at a site, as an operator would.
    func launch(_ file: String, as project: String) async throws {
        try write(project + ".yaml", file)
        let url = "http://127.0.81.10:\(compose)/api/compose/v0/\(project)"
        try await run("curl -sS --fail-with-body -XPUT --data-binary @'\(folder)/\(project).yaml' \(url)")
    }

    /// How many tasks of mesos-compose run at a site.
    func composeTasks(at site: String) async throws -> Int {
        let network = OldDataCentre.networks[site] ?? ""
        let answer = try await project.shell("curl -sSf http://\(network).10:\(compose)/api/compose/v0/tasks")
        return try JSON(parsing: answer.output).array?.count { $0["State"] == "TASK_RUNNING" } ?? 0
    }

    /// Moves the state of its module into a backend `http`, as an operator would.
    ///
    /// - Parameter credentials: what a shell sets before a command for the backend.
    func keepState(at url: String, _ credentials: String) async throws {
        let text = try String(contentsOfFile: module + "/main.tf", encoding: .utf8)
        let local = "  backend \"local\" {\n    path = \"../states/nord.tfstate\" # {\n  }\n"
        try #require(text.contains(local))
        try write(
            "terraform/main.tf",
            text.replacingOccurrences(
                of: local,
                with: "  backend \"http\" {\n    address = \"\(url)\"\n    lock_address = \"\(url)\"\n"
                    + "    unlock_address = \"\(url)\"\n  }\n"))
        try await run(
            "cd '\(module)' && \(credentials) terraform init -input=false -migrate-state -force-copy")
    }

    /// The same module with its values written into it, so that both colors would be the same servers.
    func rigidModule() throws -> String {
        let values = [
            "prefix": "\"nord\"", "network": "\"127.0.81\"", "folder": "\"\(folder)/servers\"",
            "apps": "{ app1 = 11, app2 = 12 }",
        ]
        var text = terraform
        for (name, value) in values {
            for type in ["string", "map(number)"] {
                text = text.replacingOccurrences(
                    of: "variable \"\(name)\" { type = \(type) }",
                    with: "variable \"\(name)\" {\n  type = \(type)\n  default = \(value)\n}")
            }
        }
        try write("rigid/main.tf", text)
        return folder + "/rigid"
    }

    /// Users for the length of a test: `stop` says how many requests failed.
    func users() throws -> OldUsers {
        let addresses = (1...OldDataCentre.edges.count).map { "http://127.0.80.\($0):\(front)/" }
        return try OldUsers(addresses, folder: project.base)
    }

    /// Which site answers.
    func site() async throws -> String? {
        let ended = try await project.shell("curl -sf http://127.0.80.1:\(front)/")
        return try JSON(parsing: ended.output)["color"]?.string
    }

    private func run(_ line: String) async throws {
        let ended = try await project.shell(line)
        try require(ended.status == 0, "\(line): \(ended.all)")
    }

    private func write(_ path: String, _ text: String) throws {
        let file = URL(filePath: folder).appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    // MARK: - Its files

    private var terraform: String {
        """
        terraform {
          backend "local" {
            path = "../states/nord.tfstate" # {
          }
        }
        variable "prefix" { type = string }
        variable "network" { type = string }
        variable "folder" { type = string }
        variable "apps" { type = map(number) }

        locals {
          stop = <<-END
            for p in /proc/[0-9]*; do
              case "$(readlink $p/cwd)" in "$1"|"$1"/*) kill -9 $${p#/proc/};; esac
            done
            rm -rf "$1"
          END
        }

        resource "terraform_data" "app" {
          for_each = var.apps
          input = {
            private_ip = "${var.network}.${each.value}"
            site       = var.prefix
            dir        = "${var.folder}/${var.prefix}/${each.key}"
            stop       = local.stop
          }
          provisioner "local-exec" {
            command = "mkdir -p '${self.input.dir}'"
          }
          provisioner "local-exec" {
            when        = destroy
            interpreter = ["sh", "-c", self.input.stop, "stop"]
            command     = self.input.dir
          }
        }

        resource "terraform_data" "manager" {
          input = {
            hostname = "${var.prefix}-mgr"
            ip       = "${var.network}.10"
            private_ip = "${var.network}.10"
            site     = var.prefix
            dir      = "${var.folder}/${var.prefix}/mgr"
            stop     = local.stop
          }
          provisioner "local-exec" {
            command = "mkdir -p '${self.input.dir}'"
          }
          provisioner "local-exec" {
            when        = destroy
            interpreter = ["sh", "-c", self.input.stop, "stop"]
            command     = self.input.dir
          }
        }

        output "apps" {
          value = { for name, server in terraform_data.app : "${var.prefix}-${name}" => server.output }
        }
        output "managers" {
          value = [terraform_data.manager.output]
        }
        output "site" {
          value = var.prefix
        }

        """
    }

    private var site: String {
        """
        - hosts: apps
          gather_facts: false
          tasks:
            - ansible.builtin.file: { path: "{{ dir }}/{{ item }}", state: directory, mode: "0755" }
              loop: [bin, etc, log, run, tasks]
            - ansible.builtin.copy: { dest: "{{ dir }}/server.json", content: '{"color": "{{ site }}"}', mode: "0644" }
            - ansible.builtin.copy: { dest: "{{ dir }}/bin/service.py", src: service.py, mode: "0755" }
            - ansible.builtin.copy:
                dest: "{{ dir }}/etc/agent.json"
                mode: "0644"
                content: >-
                  {{ {'hostname': private_ip, 'attributes': {}, 'resources': {'cpus': 4, 'mem': 4096, 'disk': 1000,
                  'ports': service ~ '-' ~ service},
                  'environment': {'COLOR': site, 'PYTHON': 'python3', 'SERVER': dir}} | to_json }}
        - hosts: managers
          gather_facts: false
          tasks:
            - ansible.builtin.file: { path: "{{ dir }}/{{ item }}", state: directory, mode: "0755" }
              loop: [data, etc, log]
            - ansible.builtin.copy:
                dest: "{{ dir }}/etc/scheduler.json"
                mode: "0644"
                content: >-
                  {{ {'address': private_ip, 'port': marathon, 'composePort': compose, 'mesosPort': mesos,
                  'color': site, 'stateFile': dir ~ '/data/state.json',
                  'serversDirectory': dir | dirname, 'log': dir ~ '/log/tasks.jsonl'} | to_json }}
            - ansible.builtin.shell:
                cmd: >-
                  setsid nohup "{{ rz }}" sandbox scheduler --config etc/scheduler.json
                  > log/scheduler.log 2>&1 < /dev/null & echo $! > pid
                chdir: "{{ dir }}"
                creates: "{{ dir }}/pid"
            - ansible.builtin.wait_for: { host: "{{ private_ip }}", port: "{{ marathon }}", timeout: 30 }
              when: not ansible_check_mode

        """
    }

    /// It calls a server of its own site by address, as old definitions do.
    private var app: String {
        """
        {"id": "/portal", "cmd": "exec \\"$PYTHON\\" \\"$SERVER/bin/service.py\\"", "instances": 2, "cpus": 0.1,
         "mem": 32, "disk": 0, "constraints": [["hostname", "UNIQUE"]], "env": {"PEER": "127.0.81.11"},
         "portDefinitions": [{"port": \(service), "protocol": "tcp", "name": "http"}], "requirePorts": true,
         "healthChecks": [{"protocol": "HTTP", "path": "/health", "portIndex": 0, "gracePeriodSeconds": 10,
          "intervalSeconds": 1, "timeoutSeconds": 2, "maxConsecutiveFailures": 3}]}
        """
    }

    private func haproxy(_ edge: String, _ address: String) -> String {
        """
        global
            master-worker
            nbthread 1
            hard-stop-after 60s
            stats socket unix@\(folder)/haproxy/\(edge).sock mode 600 level admin
            server-state-file \(stateFile(edge))

        defaults
            mode http
            timeout connect 2s
            timeout client 30s
            timeout server 30s
            timeout check 1s
            retries 3
            option redispatch 1
            retry-on conn-failure empty-response
            load-server-state-from-file global
            balance roundrobin
            option httpchk GET /health
            default-server check inter 300ms rise 2 fall 2

        frontend www
            bind \(address):\(front)
            default_backend portal

        backend status
            server local 127.0.0.1:9 disabled

        backend portal
            server nord-app1 127.0.81.11:\(service)
            server nord-app2 127.0.81.12:\(service)

        """
    }
}

/// Users of a data centre that rz did not build.
struct OldUsers {
    private let program: Program

    fileprivate init(_ addresses: [String], folder: String) throws {
        program = try Program(
            ["-c", OldUsers.script] + addresses, variables: [:], folder: folder, executable: "/usr/bin/python3")
    }

    /// Stops asking; no request may have failed.
    func expectNoFailure() async throws {
        program.signal(SIGTERM)
        let report = try JSON(parsing: try await program.end().output)
        #expect(report["failed"]?.array?.isEmpty == true, "\(report.compact)")
        #expect(report["requests"]?.int ?? 0 > 50, "\(report.compact)")
    }

    private static let script = """
        import json, signal, sys, time, urllib.request
        ends = []
        signal.signal(signal.SIGTERM, lambda *_: ends.append(1))
        requests, failed = 0, []
        while not ends:
            for url in sys.argv[1:]:
                try:
                    with urllib.request.urlopen(url, timeout=10) as answer: answer.read()
                except Exception as error:
                    failed.append(f"{time.time():.1f} {url} {error}")
                requests += 1
                time.sleep(0.02)
        print(json.dumps({"requests": requests, "failed": failed}))
        """
}
