import Foundation
import JSON
import SandboxTesting
import Testing
import Waiting

@Suite("A data centre that rz did not build", .serialized)
struct AdoptTests {
    @Test("is adopted, moved away from and back, by what the output says; no request fails")
    func wholeWay() async throws {
        try await OldDataCentre.with { centre in
            let project = centre.project
            let before = try centre.contents()
            let adopted = try await project.rz(["adopt", "portal"] + centre.flags)
            #expect(adopted.status == 2, "\(adopted.all)")
            #expect(try centre.contents() == before)
            let output = adopted.output
            for text in [
                "portal: what stands becomes blue", "servers: apps (2), managers (1)", "portal (nord-app*)",
                "backends without, which stay as they are: status", "services: /portal",
                "backend portal lists no server of green", "/portal env.PEER", "services.overrides:",
                "{{ apps[0].address }}",
                "load-server-state-from-file global",
                "in environment.yaml: green: { from: apps, port: \(centre.service), name: \"green-{{ name }}\" }",
                "# rz: end of servers of portal",
            ] {
                #expect(output.contains(text), "\(text) is not in \(output)")
            }
            #expect(!output.contains("Terraform would change"), "\(output)")
            let again = try await project.rz(["adopt", "portal"] + centre.flags)
            #expect(again.status == 5, "\(again.all)")

            try fillIn(centre)
            let lines = output.split(separator: "\n").map { $0.drop { $0 == " " } }
            try await list(lines, centre)

            let users = try centre.users()
            try await goOn(lines, project)
            let converged = try await project.rz(["converge", "portal", "--check", "--only", "servers"])
            #expect(converged.status == 0, "\(converged.all)")

            try await moveAndReturn(centre)
            let moved = try await project.rz(["update", "portal", "--yes"])
            #expect(moved.status == 0, "\(moved.all)")
            try await users.expectNoFailure()
            #expect(try await centre.site() == "sued")
            // The adopted color was taken down like any other.
            #expect(!FileManager.default.fileExists(atPath: centre.folder + "/servers/nord/app1"))
        }
    }

    @Test("is adopted with what mesos-compose launches in it, once its compose files are there")
    func composed() async throws {
        try await OldDataCentre.with { centre in
            let project = centre.project
            let mailer = "services: { mailer: { image: mailer, command: exec sleep 1000, deploy: { replicas: 2 } } }\n"
            try await centre.launch(mailer, as: "tools")
            try await eventually("the mailers run", within: .seconds(20)) {
                try await centre.composeTasks(at: "nord") == 2
            }
            let frameworks = [
                "--framework", "compose=http://127.0.81.10:\(centre.compose)", "--mesos",
                "http://127.0.81.10:\(centre.mesos)",
            ]
            let adopted = try await project.rz(["adopt", "portal"] + centre.flags + frameworks)
            #expect(adopted.status == 2, "\(adopted.all)")
            for text in ["/portal env.PEER", "tools/mailer", "is in no compose file"] {
                #expect(adopted.output.contains(text), "\(text) is not in \(adopted.output)")
            }
            try project.write(mailer, "environments/portal/services/tools.yaml")
            try FileManager.default.removeItem(
                atPath: project.folder + "/environments/portal/services/portal.yaml")
            try fillIn(centre)
            let lines = adopted.output.split(separator: "\n").map { $0.drop { $0 == " " } }
            try await list(lines, centre)
            let users = try centre.users()
            try await goOn(lines, project)
            let moved = try await project.rz(["update", "portal", "--yes"])
            #expect(moved.status == 0, "\(moved.all)")
            try await users.expectNoFailure()
            #expect(try await centre.site() == "sued")
            #expect(try await centre.composeTasks(at: "sued") == 2)
        }
    }

    /// Lists the servers that are missing by the lines that were printed.
    private func list(_ lines: [Substring], _ centre: OldDataCentre) async throws {
        let servers = lines.filter { $0.hasPrefix("server ") }.map { line in
            line.replacingOccurrences(of: "green-nord-", with: "sued-").replacingOccurrences(
                of: "ADDRESS", with: "127.0.82.1" + (line.contains("app1") ? "1" : "2"))
        }
        #expect(servers.count == 2, "\(lines)")
        try await centre.list(servers)
    }

    /// Runs the commands that were printed, to a plan that nothing blocks.
    private func goOn(_ lines: [Substring], _ project: NewProject) async throws {
        for command in lines.split(whereSeparator: { $0 == "Next:" }).last ?? [] {
            let ended = try await project.shell(String(command))
            if command == "rz plan portal" {
                #expect(ended.status == 2, "\(ended.all)")
                #expect(ended.output.contains("blue → green"), "\(ended.all)")
                #expect(!ended.output.contains("blocking:"), "\(ended.all)")
            } else {
                #expect(ended.status == 0, "\(command): \(ended.all)")
            }
        }
    }

    /// Until the soak, and back.
    private func moveAndReturn(_ centre: OldDataCentre) async throws {
        let project = centre.project
        let environment = try project.read("environments/portal/environment.yaml")
        try project.write(
            environment.replacingOccurrences(of: "soak: 1s", with: "soak: 10m"), "environments/portal/environment.yaml")
        #expect(try await project.shell("git commit -qam 'Soak longer'").status == 0)
        let rz = try Program(
            ["update", "portal", "--yes", "--json", "--root", project.folder], variables: project.variables,
            folder: project.base)
        try await rz.waitForOutput("\"step\":\"soak/")
        #expect(try await centre.site() == "sued")
        rz.signal(SIGINT)
        let halted = try await rz.end()
        #expect(halted.status == 130, "\(halted.all)")
        let back = try await project.rz(["rollback", "portal", "--yes"])
        #expect(back.status == 4 || back.status == 0, "\(back.all)")
        #expect(try await centre.site() == "nord")
        #expect(FileManager.default.fileExists(atPath: centre.folder + "/servers/nord/app1"))
        #expect(!FileManager.default.fileExists(atPath: centre.folder + "/servers/sued/app1"))
        try project.write(environment, "environments/portal/environment.yaml")
        #expect(try await project.shell("git commit -qam 'Soak as before'").status == 0)
    }

    /// Each mark, and what is missing; times and approvals as a test needs them.
    private func fillIn(_ centre: OldDataCentre) throws {
        let project = centre.project
        let file = "environments/portal/environment.yaml"
        var text = try project.read(file)
        func replace(_ pattern: String, _ new: String) throws {
            let range = try #require(text.range(of: pattern, options: .regularExpression), "\(pattern): \(text)")
            text.replaceSubrange(range, with: new)
        }
        try replace("\"prefix\": \"nord\" .*FILL IN.*", "\"prefix\": \"sued\"")
        try replace("\"network\": \"127.0.81\" .*FILL IN.*", "\"network\": \"127.0.82\"")
        try replace("green: \"green-\\*\" .*FILL IN.*", "green: \"sued-*\"")
        for edge in OldDataCentre.edges {
            try replace("stateFile: /var.*FILL IN.*", "stateFile: \(centre.stateFile(edge))")
        }
        try replace(
            "overrides: \\[\\].*", "overrides: [ { match: /portal, set: { env.PEER: \"{{ apps[0].address }}\" } } ]")
        try replace("steps:\n(.*bake.*\n)+", "steps: [ { share: 50%, bake: 1s }, { share: 100%, bake: 1s } ]\n")
        try replace("for: 20s", "for: 1s")
        try replace("errorRate: \\{ max: 0.1% \\}", "errorRate: { max: 1% }, whenIdle: ignore")
        try replace(
            "drain: .*\nsoak: .*\napprovals: .*",
            """
            drain: { quiet: 1s, deadline: 60s, atDeadline: hold }
            soak: 1s
            approvals: { cutOver: 0, tearDown: { waived: "a test" } }
            """)
        #expect(!text.contains("FILL IN"), "\(text)")
        try project.write(text, file)
    }

    @Test("has its state read in a remote backend, by credentials that are handed over and written nowhere")
    func remoteState() async throws {
        try await OldDataCentre.with { centre in
            try await TerraformStates.serve { states in
                let project = centre.project
                let names = ["TF_HTTP_USERNAME", "TF_HTTP_PASSWORD"]
                let credentials = "\(names[0])=\(TerraformStates.user) \(names[1])=\(TerraformStates.password)"
                let url = states + "/old/nord"
                try await centre.keepState(at: url, credentials)
                let kept = "curl -sf -u \(TerraformStates.user):\(TerraformStates.password) \(url)"
                let before = try await project.shell(kept)
                #expect(try JSON(parsing: before.output)["resources"]?.array?.isEmpty == false)

                let flags = centre.flags.map { "'\($0)'" }.joined(separator: " ")
                let refused = try await project.shell("\(credentials) rz adopt portal \(flags)")
                #expect(refused.status == 1, "\(refused.all)")
                #expect(refused.errors.contains("Terraform can't read the state of the module"), "\(refused.errors)")
                #expect(refused.errors.contains("--pass NAME"), "\(refused.errors)")

                let pass = names.map { "--pass \($0)" }.joined(separator: " ")
                let adopted = try await project.shell("\(credentials) rz adopt portal \(flags) \(pass)")
                #expect(adopted.status == 2, "\(adopted.all)")
                #expect(adopted.output.contains("the state was in a backend http"), "\(adopted.output)")
                #expect(adopted.output.contains("servers: apps (2), managers (1)"), "\(adopted.output)")
                #expect(!adopted.output.contains("Terraform would change"), "\(adopted.output)")
                #expect(try await project.shell("rz validate portal").status == 0)

                let requests = try await project.shell("curl -sf \(states)/requests").output.split(separator: "\n")
                #expect(requests.last == "GET /old/nord", "the state was only read: \(requests)")
                #expect(try await project.shell(kept).output == before.output)
                let written = try await project.shell(
                    "grep -rl \(TerraformStates.password) '\(project.folder)' '\(project.base)/home'")
                #expect(written.status == 1 && written.output.isEmpty, "\(written.all)")
            }
        }
    }

    @Test("is only read with --dry-run, and what is unusual about it is refused or listed")
    func unusual() async throws {
        try await OldDataCentre.with { centre in
            let project = centre.project
            let dry = try await project.rz(["adopt", "portal"] + centre.flags + ["--dry-run", "--json"])
            #expect(dry.status == 2, "\(dry.all)")
            let answer = try JSON(parsing: dry.output)
            #expect(answer["isDryRun"]?.bool == true)
            #expect(answer["missing"]?.array?.isEmpty == false)
            #expect(!FileManager.default.fileExists(atPath: project.folder + "/environments"))
            #expect(!FileManager.default.fileExists(atPath: project.base + "/home/environments/portal"))

            // Values that the servers were not built with, and a module that keeps no colors apart.
            try project.write("apps = { app1 = 11, app2 = 12, app3 = 13 }\n", "more.tfvars")
            let more = try await project.rz(
                ["adopt", "p"] + centre.flags + ["--dry-run", "--var-file", "more.tfvars"])
            #expect(more.output.contains("Terraform would change blue"), "\(more.all)")
            #expect(more.output.contains("terraform_data.app[\"app3\"] is missing"), "\(more.all)")
            let module = try centre.rigidModule()
            let state = centre.folder + "/states/nord.tfstate"
            let rigid = try await project.rz(
                ["adopt", "p"] + centre.flags + ["--dry-run", "--terraform", module, "--state", state])
            #expect(rigid.status == 2, "\(rigid.all)")
            #expect(!rigid.output.contains("Terraform would change"), "\(rigid.all)")
            #expect(rigid.output.contains("Terraform can't build green beside blue"), "\(rigid.all)")
            #expect(rigid.output.contains("reaches into blue"), "\(rigid.all)")
            #expect(!FileManager.default.fileExists(atPath: project.folder + "/environments"))

            // No server of it on any load balancer.
            try project.write("web: [ { name: w1, address: 127.0.83.1 } ]\n", "other.yaml")
            let balancers = OldDataCentre.edges.flatMap { ["--load-balancer", "\($0)=\(centre.socket($0))"] }
            let elsewhere = try await project.rz(["adopt", "other", "--static", "other.yaml"] + balancers)
            #expect(elsewhere.status == 5, "\(elsewhere.all)")
            #expect(elsewhere.errors.contains("No load balancer has a server of blue"), "\(elsewhere.errors)")

            // A folder in place of the playbook: what is around it must not be copied.
            let folder = try await project.rz(
                ["adopt", "p"] + centre.flags + ["--ansible", centre.folder + "/ansible"])
            #expect(folder.status == 1, "\(folder.all)")
            #expect(folder.errors.contains("The playbook is a folder"), "\(folder.errors)")

            // A list in place of Terraform.
            try project.write(
                "apps: [ { name: nord-app1, address: 127.0.81.11 }, { name: nord-app2, address: 127.0.81.12 } ]\n",
                "nord.yaml")
            let list = try await project.rz(["adopt", "list", "--static", "nord.yaml"] + balancers)
            #expect(list.status == 2, "\(list.all)")
            #expect(list.output.contains("git add environments/list runbooks nord.yaml\n"), "\(list.output)")
            let valid = try await project.rz(["validate", "list"])
            #expect(valid.status == 0, "\(valid.all)")

            // Another data centre's state in the same place.
            let adopted = try await project.rz(["adopt", "portal"] + centre.flags)
            #expect(adopted.status == 2, "\(adopted.all)")
            try FileManager.default.removeItem(atPath: project.folder + "/environments/portal/environment.yaml")
            let repeated = try await project.rz(["adopt", "portal"] + centre.flags)
            #expect(repeated.status == 2, "\(repeated.all)")
            try FileManager.default.removeItem(atPath: project.folder + "/environments/portal/environment.yaml")
            let text = try String(contentsOfFile: state, encoding: .utf8)
            let lineage = try #require(try JSON(parsing: text)["lineage"]?.string)
            try text.replacingOccurrences(of: lineage, with: "00000000-1111-2222-3333-444444444444")
                .write(toFile: project.base + "/foreign.tfstate", atomically: true, encoding: .utf8)
            let foreign = try await project.rz(
                ["adopt", "portal"] + centre.flags + ["--state", project.base + "/foreign.tfstate"])
            #expect(foreign.status == 5, "\(foreign.all)")
            #expect(foreign.errors.contains("rz has another state of blue"), "\(foreign.errors)")
        }
    }
}
