import Foundation
import FreePorts
import JSON
import SandboxTesting
import Testing

@Suite("What a run will need")
struct DoctorTests {
    @Test("is missed in all files at once: by rz validate, and by the doctor, who goes on to what it calls")
    func files() async throws {
        try await NewProject.with { project in
            try await broken(project)
            let missing = [
                "the folder terraform/servers of `root` holds no Terraform file",
                "the playbook ansible/site.yaml is not there",
                "early: the program bin/absent is not there", "late: the program bin/plain is not executable",
                "the file tls/ca.pem is not there",
                "services/a.yaml", "services/b.yaml", "The compose file is not valid YAML",
                "The compose file has no services",
            ]
            let validate = try await project.rz(["validate", "shop"])
            #expect(validate.status == 1)
            for text in missing { #expect(validate.errors.contains(text), "\(text): \(validate.all)") }
            #expect(!validate.output.contains("valid"))

            // Nothing outside is called where it may be someone else.
            let unfilled = try await project.rz(["doctor", "shop"])
            #expect(unfilled.status == 1)
            #expect(unfilled.output.contains("because not everything is filled in"), "\(unfilled.all)")
            #expect(!unfilled.output.contains("edge-1"), "\(unfilled.all)")
            let file = "environments/shop/environment.yaml"
            try project.write(try project.read(file).replacingOccurrences(of: "# FILL IN: ", with: "# "), file)

            let doctor = try await project.rz(["doctor", "shop"])
            #expect(doctor.status == 1)
            let more = [
                "RZ_E2E_ABSENT is not set", "A file that a setting refers to does not exist; at ${file:/nowhere/x}",
                "edge-1 can't be reached", "not looked at  blue", "because it has no servers",
                "not committed",
            ]
            for text in missing + more { #expect(doctor.output.contains(text), "\(text): \(doctor.all)") }
            let problems = doctor.output.split(separator: "\n").filter { $0.hasPrefix("problem") }
            #expect(doctor.output.contains("\n\(problems.count) problems.\n"), "\(doctor.output)")
        }
    }

    @Test("is a playbook and a module that can be read, with a lock file for its providers")
    func syntax() async throws {
        try await NewProject.with { project in
            #expect(try await project.rz(["init", "shop", "--terraform"]).status == 0)
            let place = "environments/shop"
            let module = "\(place)/terraform/servers/main.tf"
            let text = try project.read(module)
            try project.write(text + "resource \"hcloud_server\" \"a\" {\n}\n", module)
            try project.write("- hosts: all\n  roles: [ absent ]\n", "\(place)/ansible/site.yaml")
            let validate = try await project.rz(["validate", "shop"])
            #expect(validate.status == 1)
            let lockFile = "has no .terraform.lock.hcl, and needs hcloud"
            #expect(validate.errors.contains(lockFile), "\(validate.errors)")
            let wrong = try await project.rz(["doctor", "shop"])
            for text in [lockFile, "the role 'absent' was not found", "site.yaml:2"] {
                #expect(wrong.output.contains(text), "\(text): \(wrong.output)")
            }

            try project.write(text + "output \"x\" {\n  value = \n}\n", module)
            try project.write("- hosts: [\n", "\(place)/ansible/site.yaml")
            let unreadable = try await project.rz(["doctor", "shop"])
            for text in [
                "Terraform can't read terraform/servers: Error: Invalid expression", "main.tf line",
                "Ansible can't read",
            ] {
                #expect(unreadable.output.contains(text), "\(text): \(unreadable.output)")
            }
            let changed = try await project.shell("git init -q && git status --porcelain --ignored")
            #expect(!changed.output.contains(".terraform"), "\(changed.output)")
        }
    }

    /// An environment that is valid by itself and lacks everything that it names.
    private func broken(_ project: NewProject) async throws {
        let made = try await project.rz([
            "init", "shop", "--framework", "marathon=http://{{ control[0].address }}:8080", "--framework",
            "compose=http://{{ control[0].address }}:10000", "--load-balancer", "edge-1=unix:/nowhere",
        ])
        #expect(made.status == 0, "\(made.all)")
        for command in ["git init -q", "git commit -q --allow-empty -m Begin"] {
            let ended = try await project.shell(command)
            #expect(ended.status == 0, "\(ended.all)")
        }
        let place = "environments/shop"
        for path in ["terraform/servers/main.tf", "ansible/site.yaml", "services/shop.yaml"] {
            try FileManager.default.removeItem(atPath: "\(project.folder)/\(place)/\(path)")
        }
        try project.write("a: [", "\(place)/services/a.yaml")
        try project.write("version: 3", "\(place)/services/b.yaml")
        try project.write("x", "\(place)/bin/plain")
        let file = "\(place)/environment.yaml"
        var text = try project.read(file)
        text = text.replacingOccurrences(of: "url: \"http://", with: "url: \"https://")
            .replacingOccurrences(of: "# user: rz  ", with: "user: rz  ")
        for secret in ["${env:RZ_E2E_ABSENT}", "${file:/nowhere/x}"] {
            let range = try #require(text.range(of: #"# password: "[^"]*""#, options: .regularExpression))
            text.replaceSubrange(range, with: "password: \"\(secret)\"")
        }
        try project.write(text + "tls: { authorities: tls/ca.pem }\n", file)
        let runbook = "runbooks/rz-update.yaml"
        let first = "      - { id: checks, use: checks, timeout: 2m }\n"
        let steps = """
                  - { id: early, exec: { command: [bin/absent] }, timeout: 1m }
                  - { id: late, exec: { command: [bin/plain] }, timeout: 1m }

            """
        try project.write(try project.read(runbook).replacingOccurrences(of: first, with: first + steps), runbook)
    }

    @Test("has all its errors shown, of every environment and every runbook")
    func errors() async throws {
        try await NewProject.with { project in
            for name in ["shop", "office"] {
                let made = try await project.rz(["init", name, "--static"])
                #expect(made.status == 0)
                let file = "environments/\(name)/environment.yaml"
                try project.write(
                    try project.read(file).replacingOccurrences(of: "soak: 15m", with: "soak: soon\nsoack: 1m"), file)
            }
            let runbook = try project.read("runbooks/rz-update.yaml")
            try project.write(
                runbook.replacingOccurrences(of: "use: launch, timeout: 15m", with: "use: launch"),
                "runbooks/rz-update.yaml")
            try project.write("name: other\n", "runbooks/other.yaml")
            let validate = try await project.rz(["validate"])
            #expect(validate.status == 1)
            for name in ["shop", "office"] {
                let lines = validate.errors.split(separator: "\n").filter { $0.hasPrefix("environments/\(name)/") }
                #expect(lines.count == 2, "\(validate.errors)")
            }
            for text in ["runbooks/rz-update.yaml:", "has no `timeout`", "runbooks/other.yaml:"] {
                #expect(validate.errors.contains(text), "\(text): \(validate.errors)")
            }
            let answer = try await project.rz(["validate", "--json"])
            #expect(answer.status == 1 && answer.errors.isEmpty, "\(answer.all)")
            let json = try JSON(parsing: answer.output)
            #expect(json["isValid"]?.bool == false)
            #expect((json["environments"]?.array ?? []).compactMap { $0["name"]?.string } == ["office", "shop"])
            let findings = try #require(json["findings"]?.array)
            let mistyped = try #require(findings.first { $0["text"]?.string?.contains("soack") == true })
            #expect(mistyped["severity"]?.string == "error" && mistyped["subject"]?.string == "office")
            #expect(mistyped["file"]?.string == "environments/office/environment.yaml")
            #expect(mistyped["line"] != nil && mistyped["column"] != nil)
            #expect(findings.contains { $0["file"]?.string == "runbooks/other.yaml" })
            let errors = findings.filter { $0["severity"]?.string == "error" }
            #expect(errors.count == validate.errors.split(separator: "\n").count, "\(answer.output)")
            let doctor = try await project.rz(["doctor", "shop"])
            #expect(doctor.status == 1)
            for text in ["soack", "soon", "has no `timeout`", "because environment.yaml has errors", "rz's home"] {
                #expect(doctor.output.contains(text), "\(text): \(doctor.output)")
            }
        }
    }

    @Test("is a home of one's own, with an environment that no one else may look at")
    func home() async throws {
        try await NewProject.with { project in
            let home = try #require(project.variables["RZ_HOME"])
            try FileManager.default.createDirectory(
                atPath: home + "/environments/shop", withIntermediateDirectories: true)
            for folder in ["", "/environments", "/environments/shop"] { chmod(home + folder, 0o755) }
            #expect(try await project.rz(["init", "shop", "--static"]).status == 0)
            let open = try await project.rz(["doctor"])
            #expect(open.output.contains("other users may look at \(home)"), "\(open.all)")
            #expect(open.output.contains("chmod go= "), "\(open.all)")

            chmod(home, 0o777)
            let refused = try await project.rz(["doctor", "shop"])
            #expect(refused.status == 1)
            for text in [
                "everyone may replace files in it", "files             all files", "because rz's home can't be trusted",
            ] { #expect(refused.output.contains(text), "\(text): \(refused.output)") }
        }
    }

    @Test("stands in the sandbox; what is wrong there hides nothing else, and the idle color's silence is no problem")
    func sandbox() async throws {
        try await SandboxFixture.with { sandbox in
            let fine = try await sandbox.run("doctor", "sandbox")
            #expect(fine.status == 0, "\(fine.all)")
            for text in ["blue is live", "each there", "HAProxy 2.", "Marathon", "Metronome", "Nothing is missing."] {
                #expect(fine.output.contains(text), "\(text): \(fine.output)")
            }
            let password = try String(contentsOfFile: sandbox.home + "/sandbox/password", encoding: .utf8)
            #expect(!fine.all.contains(password))
            let json = try JSON(parsing: try await sandbox.run("doctor", "sandbox", "--json").output)
            #expect(json["checks"]?.array?.allSatisfy { $0["verdict"]?.string != "problem" } == true)

            // Marathon is silent, Metronome is not; edge-1 may only look, edge-2 is not there.
            try sandbox.edit(
                sandbox.environmentFile, replacing: "{{ control[0].marathon }}", with: String(try FreePorts.claim()))
            try sandbox.edit(
                sandbox.environmentFile, replacing: "haproxy/edge-1.sock", with: "haproxy/user-edge-1.sock")
            try sandbox.edit(sandbox.environmentFile, replacing: "haproxy/edge-2.sock", with: "haproxy/absent.sock")
            let wrong = try await sandbox.run("doctor", "sandbox")
            #expect(wrong.status == 1)
            for text in [
                "Marathon does not answer", "Metronome", "the socket has level user", "edge-2 can't be reached",
                "because edge-2 did not answer",
            ] { #expect(wrong.output.contains(text), "\(text): \(wrong.output)") }
        }
    }
}
