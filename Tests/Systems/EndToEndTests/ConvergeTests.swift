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
                #"{"id":"/shop/stranger","cmd":"sleep 1000","instances":1,"cpus":0.1,"mem":16}"#, sandbox)
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
            let refused = try await sandbox.run("converge", "sandbox")
            #expect(refused.status == 64)
            #expect(refused.errors.contains("--check"))
        }
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

    private func launch(_ app: String, _ sandbox: SandboxFixture) async throws {
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(
                .post, try await marathon(sandbox) + "/v2/apps",
                headers: [HTTPHeader("Content-Type", "application/json")], body: Array(app.utf8),
                credentials: try sandbox.credentials))
        #expect(answer.status == 201)
    }

    private func scale(_ id: String, to instances: Int, _ sandbox: SandboxFixture) async throws {
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(
                .put, try await marathon(sandbox) + "/v2/apps\(id)",
                headers: [HTTPHeader("Content-Type", "application/json")],
                body: Array(#"{"instances":\#(instances)}"#.utf8), credentials: try sandbox.credentials))
        #expect(answer.status == 200)
    }

    private func marathon(_ sandbox: SandboxFixture) async throws -> String {
        try await sandbox.status()["colors"]?["green"]?["marathon"]?.string ?? ""
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
