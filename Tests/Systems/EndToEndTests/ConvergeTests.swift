import Foundation
import JSON
import SandboxTesting
import Testing
import Transport
import Waiting

@Suite("A look for drift")
struct ConvergeTests {
    @Test(
        "finds none after a run, and each change made by hand afterwards, with its difference; changes nothing itself")
    func byHand() async throws {
        try await SandboxFixture.with { sandbox in
            let first = try await sandbox.run("converge", "sandbox", "--check")
            #expect(first.status == 0, "\(first.all)")
            try await sandbox.succeed("update", "sandbox", "--yes")
            let none = try await sandbox.run("converge", "sandbox", "--check")
            #expect(none.status == 0, "\(none.all)")
            #expect(none.output.contains("No drift found."), "\(none.output)")
            let before = try events(sandbox)

            let file = try changeFile(sandbox)
            _ = try await askHAProxy(
                "unix:\(sandbox.home)/sandbox/haproxy/edge-2.sock", "set server be_cart/green-agent-2 weight 7")
            try await launch(
                #"{"id":"/shop/stranger","cmd":"sleep 1000","portDefinitions":[],"instances":1,"cpus":0.1,"mem":16}"#,
                sandbox)
            try await scale("/shop/search", to: 2, sandbox)
            try sandbox.edit(sandbox.environmentFile, replacing: "image: debian-12.11", with: "image: debian-12.12")

            let found = try await sandbox.run("converge", "sandbox", "--check", "--json")
            #expect(found.status == 2, "\(found.all)")
            let drifts = try found.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(text(of: "services", "/shop/stranger", in: drifts) == "is unknown")
            #expect(diff(of: "services", "/shop/search", in: drifts) == ["instances: 1 → 2"])
            #expect(
                diff(of: "loadBalancers", "edge-2/be_cart/green-agent-2", in: drifts) == ["weight: 100 → 7"])
            let change = diff(
                of: "configuration", "green-agent-1: Install files, programs and the data disk", in: drifts)
            #expect(change.contains("-# by hand"), "\(change)")
            #expect(text(of: "servers", "terraform_data.agent[\"green-agent-1\"]", in: drifts) == "would be replaced")
            let image = diff(of: "servers", "terraform_data.agent[\"green-agent-1\"]", in: drifts)
            #expect(image.contains(#"triggers_replace: "debian-12.11" → "debian-12.12""#), "\(image)")
            #expect(drifts.last?["drifts"]?.int == drifts.count - 1)

            // It only looked.
            #expect(try String(contentsOfFile: file, encoding: .utf8).contains("# by hand"))
            #expect(try events(sandbox) == before)
            #expect(try await sandbox.run("converge", "sandbox", "--check").status == 2)
        }
    }

    @Test("says of an area that can't be read that nothing is known of it, and looks at the others")
    func unreadable() async throws {
        try await SandboxFixture.with { sandbox in
            try FileManager.default.removeItem(atPath: sandbox.root + "/environments/sandbox/ansible/site.yaml")
            let check = try await sandbox.run("converge", "sandbox", "--check")
            #expect(check.status == 1, "\(check.all)")
            #expect(
                check.output.contains("configuration   could not be read: The playbook is not there"), "\(check.output)"
            )
            #expect(check.output.contains("load balancers  as it should be"), "\(check.output)")
            let refused = try await sandbox.run("converge", "sandbox", "--yes")
            #expect(refused.status == 1)
            #expect(refused.errors.contains("The playbook is not there"), "\(refused.errors)")
        }
    }

    /// Moves to green, with a service beside the others that no user sees: its restart is its own.
    private func moveWithQuietService(_ sandbox: SandboxFixture) async throws {
        try await launch(
            #"{"id":"/shop/quiet","cmd":"sleep 1000","portDefinitions":[],"instances":1,"cpus":0.1,"mem":16}"#,
            sandbox, "blue")
        try await sandbox.succeed("update", "sandbox", "--yes")
    }

    @Test("is taken back by a run, after a kill too: nothing else changes, and a second one changes nothing")
    func takenBack() async throws {
        try await SandboxFixture.with { sandbox in
            try await moveWithQuietService(sandbox)
            let disks = try mark(sandbox.home + "/sandbox/disks")
            let file = try changeFile(sandbox)
            try await change(
                "/shop/quiet", #"{"env":{"COLOUR_OF_THE_DAY":"red"},"instances":2}"#, sandbox)
            try await launch(
                #"{"id":"/shop/stranger","cmd":"sleep 1000","portDefinitions":[],"instances":1,"cpus":0.1,"mem":16}"#,
                sandbox)
            // Whatever is lost, another server of each backend is up.
            let search = try await serverUp(in: "be_search", sandbox)
            let agents = ["green-agent-1", "green-agent-2", "green-agent-3"]
            let lost = try #require(agents.first { $0 != search })
            let others = agents.filter { $0 != lost }
            _ = try await askHAProxy(
                "unix:\(sandbox.home)/sandbox/haproxy/edge-2.sock", "set server be_web/\(others[0]) weight 7")
            _ = try await askHAProxy(
                "unix:\(sandbox.home)/sandbox/haproxy/edge-1.sock", "set server be_web/\(others[1]) state maint")
            try await lose(lost, sandbox)

            let users = try Users(sandbox)
            let found = try await sandbox.run("converge", "sandbox", "--check", "--json")
            #expect(found.status == 2, "\(found.all)")
            let drifts = try found.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(text(of: "services", "/shop/quiet", in: drifts) == "was changed")
            let change = diff(of: "services", "/shop/quiet", in: drifts)
            #expect(change.contains { $0.hasPrefix("env") }, "\(change)")
            #expect(text(of: "servers", "terraform_data.agent[\"\(lost)\"]", in: drifts) == "would be replaced")

            let rz = try sandbox.start(["converge", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"type\":\"step.started\",\"attempt\":1,\"step\":\"configure/")
            rz.signal(SIGKILL)
            _ = try await rz.end()
            let resumed = try await sandbox.succeed("resume")
            #expect(resumed.output.contains("green is as it is described"), "\(resumed.all)")

            // What it was not asked for stays.
            let left = try await sandbox.run("converge", "sandbox", "--check", "--json")
            #expect(left.status == 2, "\(left.all)")
            let rest = try left.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(
                rest.compactMap { $0["subject"]?.string }.sorted() == [
                    "edge-1/be_web/\(others[1])", "edge-2/be_web/\(others[0])",
                ])
            try await sandbox.succeed("converge", "sandbox", "--yes", "--load-balancers")
            #expect(try await sandbox.run("converge", "sandbox", "--check").status == 0)

            #expect(try !String(contentsOfFile: file, encoding: .utf8).contains("# by hand"))
            #expect(try await instances(of: "/shop/stranger", sandbox) == 0)
            #expect(try await instances(of: "/shop/quiet", sandbox) == 1)
            #expect(FileManager.default.fileExists(atPath: sandbox.home + "/sandbox/servers/\(lost)"))
            for (file, mark) in disks {
                #expect(try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int == mark)
            }
            #expect(try await sandbox.live() == "green")

            let before = try await sandbox.succeed("history", "sandbox").output
            let second = try await sandbox.run("converge", "sandbox", "--yes")
            #expect(second.status == 0, "\(second.all)")
            #expect(second.output.contains("There is nothing to do."), "\(second.output)")
            #expect(try await sandbox.succeed("history", "sandbox").output == before)
            try await users.expectNoFailure()
        }
    }

    @Test(
        "is left as it was found by a rollback of the run: of services; what became of servers stays, as the plan says")
    func rolledBack() async throws {
        try await SandboxFixture.with { sandbox in
            try await moveWithQuietService(sandbox)
            let file = try changeFile(sandbox)
            try await change("/shop/quiet", #"{"env":{"COLOUR_OF_THE_DAY":"red"},"instances":2}"#, sandbox)
            try await launch(
                #"{"id":"/shop/stranger","cmd":"sleep 1000","portDefinitions":[],"instances":1,"cpus":0.1,"mem":16}"#,
                sandbox)
            // A server that is taken out, and that no check passes: the run waits for it in its last phase.
            let socket = "unix:\(sandbox.home)/sandbox/haproxy/edge-2.sock"
            _ = try await askHAProxy(socket, "set server be_web/green-agent-2 state maint")
            let sick = "\(sandbox.home)/sandbox/servers/green-agent-2/etc/sick-shop-web"
            try "health".write(toFile: sick, atomically: true, encoding: .utf8)
            let before = try await found(sandbox)
            #expect(before.map(\.subject).contains("/shop/stranger"))

            let rz = try sandbox.start(["converge", "sandbox", "--yes", "--load-balancers", "--json"])
            try await rz.waitForOutput("\"type\":\"step.started\",\"attempt\":1,\"step\":\"loadBalancers/")
            #expect(try await instances(of: "/shop/quiet", sandbox) == 1)
            #expect(try await definition(of: "/shop/quiet", sandbox)?["env"]?["COLOUR_OF_THE_DAY"] == nil)
            #expect(try await instances(of: "/shop/stranger", sandbox) == 0)
            rz.signal(SIGKILL)
            _ = try await rz.end()

            let back = try await sandbox.run("rollback", "sandbox", "--yes")
            #expect(back.status == 0, "\(back.all)")
            #expect(back.output.contains("ROLLED BACK  the services of green are as they were found"), "\(back.all)")
            #expect(try await instances(of: "/shop/quiet", sandbox) == 2)
            #expect(
                try await definition(of: "/shop/quiet", sandbox)?["env"]?["COLOUR_OF_THE_DAY"]?.string == "red")
            #expect(try await instances(of: "/shop/stranger", sandbox) == 1)
            #expect(try !String(contentsOfFile: file, encoding: .utf8).contains("# by hand"))
            #expect(try await sandbox.live() == "green")
            #expect(try await found(sandbox) == before.filter { $0.area != "configuration" })

            // What is done is kept.
            try FileManager.default.removeItem(atPath: sick)
            try await sandbox.succeed("converge", "sandbox", "--yes", "--load-balancers")
            let late = try await sandbox.run("rollback", "sandbox", "--yes")
            #expect(late.status == 5, "\(late.all)")
            #expect(try await sandbox.run("converge", "sandbox", "--check").status == 0)
        }
    }

    private struct Finding: Equatable {
        var area: String
        var subject: String
    }

    /// What a look finds, the differences left out.
    private func found(_ sandbox: SandboxFixture) async throws -> [Finding] {
        let look = try await sandbox.run("converge", "sandbox", "--check", "--json")
        #expect(look.status == 2, "\(look.all)")
        return try look.output.split(separator: "\n").map { try JSON(parsing: String($0)) }.compactMap { line in
            guard let area = line["area"]?.string, let subject = line["subject"]?.string else { return nil }
            return Finding(area: area, subject: subject)
        }
    }

    @Test("refuses to replace servers that may have users, and says what to do")
    func refusesReplacement() async throws {
        try await SandboxFixture.with { sandbox in
            try sandbox.edit(sandbox.environmentFile, replacing: "image: debian-12.7", with: "image: debian-12.8")
            let refused = try await sandbox.run("converge", "sandbox", "--yes")
            #expect(refused.status == 5, "\(refused.all)")
            #expect(refused.errors.contains("may send users to blue-agent-1"), "\(refused.errors)")
        }
    }

    @Test("is looked for again and again, with a history, and never beside a run")
    func regularly() async throws {
        try await SandboxFixture.with { sandbox in
            let looking = try sandbox.start(["converge", "sandbox", "--check", "--every", "1h", "--only", "services"])
            try await looking.waitForOutput("No drift found.")
            looking.signal(SIGTERM)
            #expect(try await looking.end().status == 130)
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"type\":\"step.started\"")
            let beside = try sandbox.start(["converge", "sandbox", "--check", "--every", "1h", "--only", "services"])
            try await beside.waitForErrors("skipped:")
            beside.signal(SIGTERM)
            _ = try await beside.end()
            rz.signal(SIGINT)
            _ = try await rz.end()
            let history = try await sandbox.succeed("converge", "sandbox", "--history")
            let lines = history.output.split(separator: "\n")
            #expect(lines.count == 2, "\(history.output)")
            #expect(lines.first?.contains("no drift") == true && lines.last?.contains("skipped") == true)
        }
    }

    /// Every process of a server dies and its folder goes: Terraform is told nothing.
    private func lose(_ name: String, _ sandbox: SandboxFixture) async throws {
        let folder = "\(sandbox.home)/sandbox/servers/\(name)"
        let mark = Data("SERVER=\(folder)".utf8)
        func processes() -> [pid_t] {
            ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }.filter {
                (FileManager.default.contents(atPath: "/proc/\($0)/environ") ?? Data()).split(separator: 0)
                    .contains { $0.elementsEqual(mark) }
            }
        }
        try? FileManager.default.removeItem(atPath: folder + "/etc/agent.json")
        // The scheduler may begin a task there again before it misses the agent.
        try await eventually("\(name) is dead, and its tasks have begun elsewhere") {
            for pid in processes() { kill(pid, SIGKILL) }
            try? FileManager.default.removeItem(atPath: folder)
            guard processes().isEmpty, !FileManager.default.fileExists(atPath: folder) else { return false }
            for edge in ["edge-1", "edge-2"] where try await !knowsDown(name, edge, sandbox) { return false }
            return true
        }
    }

    private func serverUp(in backend: String, _ sandbox: SandboxFixture) async throws -> String {
        let stat = try await askHAProxy("unix:\(sandbox.home)/sandbox/haproxy/edge-1.sock", "show stat")
        let line = stat.split(separator: "\n").first { $0.hasPrefix("\(backend),green-") && $0.contains(",UP,") }
        return String(try #require(line).split(separator: ",", omittingEmptySubsequences: false)[1])
    }

    /// Whether a load balancer knows that a server is down, and has another one up for each backend.
    private func knowsDown(_ server: String, _ edge: String, _ sandbox: SandboxFixture) async throws -> Bool {
        let stat = try await askHAProxy("unix:\(sandbox.home)/sandbox/haproxy/\(edge).sock", "show stat")
        let lines = stat.split(separator: "\n").filter { $0.hasPrefix("be_") }
        return lines.filter { $0.contains(",\(server),") }.allSatisfy { $0.contains(",DOWN,") }
            && lines.filter { $0.contains(",BACKEND,") }.allSatisfy { $0.contains(",UP,") }
    }

    /// Leaves a file on each data disk.
    ///
    /// - Returns: its inode, by path.
    private func mark(_ folder: String) throws -> [String: Int] {
        let disks = try FileManager.default.contentsOfDirectory(atPath: folder)
        try #require(!disks.isEmpty)
        return Dictionary(
            uniqueKeysWithValues: try disks.map { disk in
                let file = "\(folder)/\(disk)/by-users"
                try "theirs".write(toFile: file, atomically: true, encoding: .utf8)
                return (
                    file, try #require(FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int)
                )
            })
    }

    private func instances(of id: String, _ sandbox: SandboxFixture) async throws -> Int? {
        try await definition(of: id, sandbox)?["instances"]?.int
    }

    private func definition(of id: String, _ sandbox: SandboxFixture) async throws -> JSON? {
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(.get, try await marathon(sandbox) + "/v2/apps\(id)", credentials: try sandbox.credentials))
        return try JSON(parsing: answer.body)["app"]
    }

    private func changeFile(_ sandbox: SandboxFixture) throws -> String {
        let folder = sandbox.home + "/sandbox/servers/green-agent-1/etc"
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).sorted().first)
        let file = "\(folder)/\(name)"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try (text + "# by hand\n").write(toFile: file, atomically: false, encoding: .utf8)
        return file
    }

    private func events(_ sandbox: SandboxFixture) throws -> Data? {
        FileManager.default.contents(atPath: sandbox.home + "/journal/sandbox.sqlite")
    }

    private func launch(_ app: String, _ sandbox: SandboxFixture, _ color: String = "green") async throws {
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(
                .post, try await marathon(sandbox, color) + "/v2/apps",
                headers: [HTTPHeader("Content-Type", "application/json")], body: Array(app.utf8),
                credentials: try sandbox.credentials))
        #expect(answer.status == 201)
    }

    private func scale(_ id: String, to instances: Int, _ sandbox: SandboxFixture) async throws {
        try await change(id, #"{"instances":\#(instances)}"#, sandbox)
    }

    private func change(_ id: String, _ fields: String, _ sandbox: SandboxFixture) async throws {
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(
                .put, try await marathon(sandbox) + "/v2/apps\(id)",
                headers: [HTTPHeader("Content-Type", "application/json")],
                body: Array(fields.utf8), credentials: try sandbox.credentials))
        #expect(answer.status == 200)
    }

    private func marathon(_ sandbox: SandboxFixture, _ color: String = "green") async throws -> String {
        try await sandbox.status()["colors"]?[color]?["marathon"]?.string ?? ""
    }

    private func drift(_ area: String, _ subject: String, in drifts: [JSON]) -> JSON? {
        drifts.first { $0["area"]?.string == area && $0["subject"]?.string == subject }
    }

    private func text(of area: String, _ subject: String, in drifts: [JSON]) -> String {
        (drift(area, subject, in: drifts)?["text"]?.string ?? "none").split(separator: ":").first.map(String.init) ?? ""
    }

    private func diff(of area: String, _ subject: String, in drifts: [JSON]) -> [String] {
        (drift(area, subject, in: drifts)?["diff"]?.array ?? []).compactMap(\.string)
    }
}
