import JSON
import Migration
import Testing

@testable import Runbooks

@Suite("The files of an environment that is adopted")
struct AdoptedTemplateTests {
    private func environment(_ template: EnvironmentTemplate) throws -> Environment {
        let project = try Project()
        for file in template.files { try project.write(file.text, to: file.path) }
        return try project.projectFolder.environment(template.name)
    }

    private func marks(_ template: EnvironmentTemplate) -> [String] {
        FillIn.all(in: template.files.last?.text ?? "", file: "e").map(\.text)
    }

    @Test(
        "have the module's values with their types, and mark what the colors must not share", arguments: Color.allCases)
    func terraform(color: Color) throws {
        var adopted = EnvironmentTemplate.Adopted(color: color)
        adopted.root = "tf/all"
        adopted.groups = ["web \"x\"": TerraformGroup(output: "nodes", name: "hostname", address: "private_ip")]
        adopted.variables = [
            .init(name: "prefix", value: "nord", isOfColor: true, isSecret: false),
            .init(name: "size", value: 3, isOfColor: false, isSecret: false),
            .init(name: "zones", value: ["a", "b"], isOfColor: false, isSecret: false),
            .init(name: "tags", value: .object(JSONObject([("a", .bool(true))])), isOfColor: false, isSecret: false),
            .init(name: "key", value: "s3cret", isOfColor: false, isSecret: true),
            .init(name: "region", value: nil, isOfColor: false, isSecret: false),
        ]
        adopted.traffic = [
            .init(backend: "shop", live: "app*", other: "new-*", isProposal: true),
            .init(backend: "cart", live: "app*", other: "next*", isProposal: false),
        ]
        adopted.playbook = "ansible/all.yml"
        adopted.pass = ["AWS_PROFILE"]
        adopted.logins = [.marathon: .init(user: "rz", password: "${file:/etc/rz/m}")]
        adopted.files = [.init(path: "tf/all/main.tf", text: "")]
        let template = EnvironmentTemplate(
            name: "shop", loadBalancers: [.init(name: "e", socket: "tcp:127.0.0.1:1")],
            frameworks: [.init(.marathon, url: "http://{{ web[0].address }}:8080")], adopted: adopted)
        let environment = try environment(template)
        let root = try #require(environment.provision.terraform)
        #expect(root.root == "tf/all")
        #expect(root.inventory?["web \"x\""]?.address == "private_ip")
        #expect(root.variables["size"]?.text == "3")
        #expect(root.structured == ["tags", "zones"])
        #expect(root.variables["key"]?.refersToSecret == true)
        #expect(root.colors[color]?["prefix"]?.text == "nord")
        #expect(root.colors[color.other]?["color"]?.text == color.other.rawValue)
        #expect(environment.traffic.map { $0.servers[color] } == ["app*", "app*"])
        #expect(environment.traffic.map { $0.servers[color.other] } == ["new-*", "next*"])
        #expect(environment.configure?.playbook == "ansible/all.yml")
        #expect(environment.pass == ["AWS_PROFILE"])
        #expect(!template.files.contains { $0.text.contains("s3cret") })
        #expect(!template.files.contains { $0.path.hasSuffix("site.yaml") })
        let marks = marks(template)
        #expect(marks.contains { $0.contains("prefix of \(color.other), another value than \(color)'s") }, "\(marks)")
        #expect(marks.contains { $0.contains("how the servers of \(color.other) are named in shop") }, "\(marks)")
        #expect(!marks.contains { $0.contains("in cart") })
        #expect(marks.contains { $0.contains("the value that region has now") })
    }

    @Test("have a list of servers with all that is known of them", arguments: Color.allCases)
    func fixed(color: Color) throws {
        var adopted = EnvironmentTemplate.Adopted(color: color)
        adopted.servers = Inventory(groups: [
            "web": [
                Host(
                    name: "w1", address: "10.0.0.1", variables: ["rack": "7", "note": "a \"b\": #c", "port": "22"],
                    structured: ["port"])
            ]
        ])
        adopted.traffic = [.init(backend: "shop", live: "w1", other: "new-*", isProposal: true)]
        let template = EnvironmentTemplate(name: "shop", servers: .static, adopted: adopted)
        let servers = try #require(try environment(template).provision.static?.servers)
        #expect(servers[color] == adopted.servers)
        #expect(servers[color.other]?.isEmpty == false)
        #expect(marks(template).contains("the servers of \(color.other), by group"))
        #expect(!marks(template).contains("the servers of \(color), by group"))
    }

    @Test(
        "never hold a password", arguments: ["marathon=rz:s3cret", "marathon=rz", "x=rz:${env:A}", "marathon=${env:A}"])
    func logins(_ text: String) {
        let error = #expect(throws: Failure.self) { _ = try EnvironmentTemplate.login(text) }
        #expect(error?.description.contains("s3cret") == false)
    }
}
