import Foundation
import Migration
import Runbooks
import Testing

@Suite("A new environment's files")
struct EnvironmentTemplateTests {
    static let sockets = ["unix:/run/haproxy/admin.sock", "tcp:127.0.0.1:9999", "unix:${rz:home}/a \"b\" \\c.sock"]
    static let frameworks = EnvironmentTemplate.Framework.Kind.allCases.map {
        EnvironmentTemplate.Framework($0, url: "http://{{ control[0].address }}:8080")
    }

    /// Every kind of servers, with and without the rest, and any set of frameworks.
    static let all: [EnvironmentTemplate] = {
        let balancers = sockets.enumerated().map {
            EnvironmentTemplate.LoadBalancer(name: "edge-\($0.offset)", socket: $0.element)
        }
        let plain = EnvironmentTemplate.Servers.allCases.map { EnvironmentTemplate(name: "shop", servers: $0) }
        return plain.flatMap { template in
            (0..<64).map { number in
                var template = template
                for (index, framework) in frameworks.enumerated() where number & 1 << index != 0 {
                    template.frameworks.append(framework)
                }
                if number & 16 != 0 { template.mesos = "http://{{ control[0].address }}:5050" }
                if number & 32 != 0 {
                    template.loadBalancers = balancers
                    template.backends = balancers.map { "be_" + $0.name }
                }
                return template
            }
        }
    }()

    @Test("are a valid environment with its runbook, whatever was given")
    func valid() throws {
        for template in EnvironmentTemplateTests.all {
            try template.refuseContradictions()
            let project = try Project()
            for file in template.files { try project.write(file.text, to: file.path) }
            let environment = try project.projectFolder.environment("shop")
            try validateRunbook(try project.projectFolder.runbook(environment.runbook), with: environment)

            #expect((environment.provision.static == nil) == (template.servers == .terraform))
            let balancers = template.loadBalancers
            if !balancers.isEmpty {
                #expect(environment.loadBalancers.map(\.name.text) == balancers.map(\.name))
                #expect(environment.loadBalancers.map { $0.haproxy?.socket.text } == balancers.map(\.socket))
                #expect(environment.traffic.map(\.backend) == template.backends)
            }
            let names = template.frameworks.map(\.kind.rawValue)
            #expect(environment.services.sources.map(\.name) == (names.isEmpty ? ["marathon"] : names))
            let needsMesos = template.mesos != nil || names.contains("compose")
            #expect((environment.platform != nil) == needsMesos)
        }
    }

    @Test("hold each file that environment.yaml names, which comes last")
    func files() {
        let terraform = EnvironmentTemplate(name: "shop", frameworks: EnvironmentTemplateTests.frameworks)
        #expect(
            terraform.files.map(\.path) == [
                "runbooks/rz-update.yaml", "environments/shop/ansible/site.yaml",
                "environments/shop/terraform/servers/.gitignore", "environments/shop/terraform/servers/main.tf",
                "environments/shop/services/shop.yaml",
                "environments/shop/environment.yaml",
            ])
        let fixed = EnvironmentTemplate(name: "shop", servers: .static)
        #expect(!fixed.files.contains { $0.path.contains("terraform") || $0.path.contains("services") })
    }

    @Test("mark what is not known, and nothing else of environment.yaml")
    func marks() throws {
        func marks(_ template: EnvironmentTemplate) -> [String] {
            template.files.filter { $0.path == template.environmentFile }
                .flatMap { FillIn.all(in: $0.text, file: "e") }.map(\.text)
        }
        #expect(
            marks(EnvironmentTemplate(name: "shop", servers: .static)) == [
                "the servers of blue, by group", "the servers of green, by group", "what launches services",
                "its socket of level admin", "its `server-state-file`",
                "how the servers of each color are named there", "the backend that users reach",
            ])
        let known = EnvironmentTemplate(
            name: "shop", loadBalancers: [.init(name: "edge-1", socket: "unix:/a")],
            frameworks: [.init(.marathon, url: "http://{{ control[0].address }}:8080")],
            mesos: "http://{{ control[0].address }}:5050", backends: ["be_shop"])
        #expect(marks(known) == ["its `server-state-file`", "how the servers of each color are named there"])
        let literal = EnvironmentTemplate(
            name: "shop", frameworks: [.init(.marathon, url: "http://10.0.0.1:8080")], mesos: "http://10.0.0.1:5050")
        #expect(marks(literal).count { $0.hasPrefix("both colors would call this server") } == 2)
    }

    @Test("say at which line a mark stands")
    func lines() {
        let places = FillIn.all(in: "a: 1\nb: 2   # FILL IN: the second\n# FILL IN: more", file: "x.yaml")
        #expect(places.map(\.description) == ["x.yaml:2: the second", "x.yaml:3: more"])
    }

    @Test("have lines of at most 120 columns")
    func columns() {
        for file in EnvironmentTemplateTests.all.flatMap(\.files) {
            for line in file.text.split(separator: "\n") where line.count > 120 {
                Issue.record("\(file.path): \(line)")
            }
        }
    }

    @Test("have the shipped runbook, word for word")
    func runbook() throws {
        let shipped = try String(contentsOf: checkout.appending(path: "runbooks/rz-update.yaml"), encoding: .utf8)
        let written = EnvironmentTemplate(name: "shop").files.first { $0.path == "runbooks/rz-update.yaml" }
        #expect(
            written?.text.trimmingCharacters(in: .newlines) == shipped.trimmingCharacters(in: .newlines))
    }
}

@Suite("What a new environment is given")
struct TemplateOptionsTests {
    @Test(
        "is a load balancer with its socket, or refused with an example",
        arguments: ["edge-1", "=tcp:h:1", "edge-1=", "a b=tcp:h:1", "e=h:1"])
    func loadBalancer(_ text: String) throws {
        let good = try EnvironmentTemplate.LoadBalancer("edge-1=tcp:127.0.0.1:9999")
        #expect(good == .init(name: "edge-1", socket: "tcp:127.0.0.1:9999"))
        let failure = #expect(throws: Failure.self) { try EnvironmentTemplate.LoadBalancer(text) }
        #expect(failure?.advice?.isEmpty == false)
    }

    @Test("is a framework with its URL; a mistyped one is named")
    func framework() throws {
        #expect(
            try EnvironmentTemplate.Framework("compose=http://h:1/?a=b") == .init(.compose, url: "http://h:1/?a=b"))
        let failure = #expect(throws: Failure.self) { try EnvironmentTemplate.Framework("maraton=http://h") }
        #expect(failure?.advice == "Did you mean marathon?")
        #expect(throws: Failure.self) { try EnvironmentTemplate.Framework("marathon=h:8080") }
    }

    @Test("is no password: it would be written to a file that many read")
    func password() {
        for text in ["marathon=http://rz:s3cret-word@h:8080", "metronome=https://rz:s3cret-word@h"] {
            let failure = #expect(throws: Failure.self) { try EnvironmentTemplate.Framework(text) }
            #expect(failure?.description.contains("s3cret") == false)
        }
    }

    @Test(
        "is given once",
        arguments: [
            EnvironmentTemplate(
                name: "a", loadBalancers: [.init(name: "e", socket: "unix:/a"), .init(name: "e", socket: "unix:/b")]),
            EnvironmentTemplate(
                name: "a", frameworks: [.init(.marathon, url: "http://a"), .init(.marathon, url: "http://b")]),
            EnvironmentTemplate(name: "a", backends: ["b", "b"]),
        ])
    func twice(_ template: EnvironmentTemplate) {
        let failure = #expect(throws: Failure.self) { try template.refuseContradictions() }
        #expect(failure?.summary.hasSuffix("is given twice") == true)
    }

    @Test(
        "has a name that folders and load balancers accept",
        arguments: ["Shop", "1shop", "", "a b", "../x", "-x", "ähm"])
    func name(_ text: String) {
        #expect(throws: Failure.self) { try EnvironmentTemplate.name(text) }
    }
}
