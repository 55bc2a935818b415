import Foundation
import JSON
import Migration
import Testing
import YAML

@testable import Clusters

@Suite("Compose files, as mesos-compose decodes them")
struct ComposeDialectTests {
    @Test(
        "are refused where mesos-compose answers 406, with the file and the path",
        arguments: [
            ("services: { a: { image: b, environment: [A=b] } }", "shop.yaml: services.a.environment"),
            ("services: { a: { image: b, environment: { A: { b: c } } } }", "shop.yaml: services.a.environment.A"),
            ("services: { a: { image: b, labels: [A=b] } }", "shop.yaml: services.a.labels"),
            ("services: { a: { image: b, command: [x] } }", "shop.yaml: services.a.command"),
            ("services: { a: { image: b, network: [x] } }", "shop.yaml: services.a.network"),
            ("services: { a: { image: b, networks: [x] } }", "shop.yaml: services.a.networks"),
            ("services: { a: { image: b, depends_on: { b: {} } } }", "shop.yaml: services.a.depends_on"),
            ("services: { a: { image: b, build: { context: . } } }", "shop.yaml: services.a.build"),
            ("services: { a: { image: b, privileged: sure } }", "shop.yaml: services.a.privileged"),
            ("services: { a: { image: b, ulimits: { nofile: 65536 } } }", "shop.yaml: services.a.ulimits.nofile"),
            ("services: { a: { image: b, mesos: { fetch: [http://a/b] } } }", "shop.yaml: services.a.mesos.fetch[0]"),
            (
                "services: { a: { deploy: { resources: { limits: { cpus: \"0.1\" } } } } }",
                "shop.yaml: services.a.deploy.resources.limits.cpus"
            ),
            (
                "services: { a: { deploy: { resources: { limits: { memory: 50M } } } } }",
                "shop.yaml: services.a.deploy.resources.limits.memory"
            ),
            (
                "services: { a: { deploy: { placement: { attributes: { gpu: True } } } } }",
                "shop.yaml: services.a.deploy.placement.attributes"
            ),
            ("services: { a: { ports: [{ target: 80 }] } }", "shop.yaml: services.a.ports[0]"),
            ("services: []", "shop.yaml: services"), ("[]", "shop.yaml"), ("a: [", "shop.yaml"),
        ])
    func refused(text: String, place: String) {
        let failure = #expect(throws: Failure.self) {
            try ComposeFiles.services(text, project: "shop", file: "shop.yaml")
        }
        #expect(failure?.place == place)
    }

    @Test("keep the text of what is a text there, however it is written")
    func texts() throws {
        let text = """
            services:
              a:
                image: 1.10
                environment: { V: 1.10, ON: True, OCTAL: 010, NONE: ~, DAY: 2026-11-28, on: 1 }
                labels: { v: 1.10, o: 010, n: ~, big: 1e21, t: true, m: { b: c, a: [1, 2] } }
                deploy: { resources: { limits: { cpus: .5, memory: 0x20 } } }
                privileged: yes
            """
        let service = try #require(try ComposeFiles.services(text, project: "p", file: "p.yaml").first).service
        #expect(service["image"] == "1.10")
        #expect(
            service["environment"]
                == ["V": "1.10", "ON": "True", "OCTAL": "010", "NONE": "", "DAY": "2026-11-28", "on": "1"])
        // Labels are values of any kind, which Go prints.
        #expect(
            service["labels"]
                == ["v": "1.1", "o": "8", "n": "<nil>", "big": "1e+21", "t": "true", "m": "map[a:[1 2] b:c]"])
        #expect(service["deploy"]?["resources"]?["limits"]?["cpus"]?.double == 0.5)
        #expect(service["deploy"]?["resources"]?["limits"]?["memory"]?.int == 32)
        #expect(service["privileged"] == true)
    }

    @Test(
        "print numbers as Go does",
        arguments: [
            (0.1, "0.1"), (1, "1"), (100, "100"), (1e20, "100000000000000000000"), (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"), (0.00001, "1e-05"), (-2.50, "-2.5"), (123456.789, "123456.789"), (1e15, "1e+15"),
        ])
    func numbers(number: Double, text: String) {
        #expect(GoYAML.printed(number) == (text == "1e+15" ? "1000000000000000" : text))
    }

    @Test("merge what << names, and what a service says itself counts")
    func mergeKeys() throws {
        let text = """
            x-one: &one { restart: always, image: one }
            x-two: &two { restart: "no", command: two }
            services:
              a: { <<: [*one, *two], image: own }
              b: { <<: *one, "<<": quoted }
            """
        let services = try ComposeFiles.services(text, project: "p", file: "p.yaml")
        let a = try #require(services.first { $0.name == "a" })
        #expect(JSON.object(a.service) == ["image": "own", "restart": "always", "command": "two"])
        #expect(a.body(replicas: 1)["services"]?["a"]?["<<"] == nil)
    }

    @Test("give every service all networks and volumes of its file")
    func whole() throws {
        let text = """
            services: { a: { image: b, network: inner, volumes: ["data:/d"] }, c: { image: d } }
            networks: { inner: { external: true, name: weave }, other: { driver: bridge } }
            volumes: { data: { driver: rbd }, more: { driver: s3 } }
            """
        for service in try ComposeFiles.services(text, project: "p", file: "p.yaml") {
            let body = service.body(replicas: 2)
            #expect(body["networks"]?.object?.keys == ["inner", "other"])
            #expect(body["volumes"]?.object?.keys == ["data", "more"])
            #expect(body["services"]?.object?.keys == [service.name])
        }
    }

    @Test("may be several files of a project, whose name is free")
    func projects() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "rz-compose-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder + "/shop", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (path, name) in [("shop/one.yml", "a"), ("shop/two.yml", "b"), ("own.yaml", "c")] {
            try "services: { \(name): { image: x } }".write(
                toFile: "\(folder)/\(path)", atomically: true, encoding: .utf8)
        }
        var source = ServiceSource.Compose(
            access: .init(url: ""), files: ["*.yaml"], projects: ["webshop": ["shop/*.yml"]])
        #expect(try ComposeFiles(folder: folder).services(source).map(\.id) == ["own/c", "webshop/a", "webshop/b"])
        source.projects = ["webshop": ["shop/*.yml", "own.yaml"], "other": ["missing/*"]]
        let failure = #expect(throws: Failure.self) { try ComposeFiles(folder: folder).services(source) }
        #expect(failure?.summary == "No compose file matches missing/*")
        try "services: { a: { image: x } }".write(
            toFile: "\(folder)/shop/three.yml", atomically: true, encoding: .utf8)
        source.projects = ["webshop": ["shop/*.yml"]]
        let twice = #expect(throws: Failure.self) { try ComposeFiles(folder: folder).services(source) }
        #expect(twice?.summary == "Two compose files have a service webshop/a")
        #expect(source.fileProblems(in: folder).map(\.summary) == ["Two compose files have a service webshop/a"])

        // One that can't be read hides no other.
        for path in ["shop/one.yml", "own.yaml"] {
            try "a: [".write(toFile: "\(folder)/\(path)", atomically: true, encoding: .utf8)
        }
        let problems = source.fileProblems(in: folder)
        #expect(problems.map(\.summary) == Array(repeating: "The compose file is not valid YAML", count: 2))
        #expect(problems.map(\.place) == ["own.yaml", "shop/one.yml"])
    }

    @Test(
        "names the place in the collected file that is no dialect of mesos-compose",
        .enabled(if: CollectedFiles.compose != nil, "no ../shared/fixtures"))
    func collected() throws {
        // Port 0 of a list is taken: mesos-compose does so, too.
        let folder = try #require(CollectedFiles.compose)
        let name = "docker-mesos-extension__docker-compose.yaml"
        let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
        let services = try ComposeFiles.services(text, project: "extension", file: name)
        #expect(services.flatMap(\.ports).contains { $0.port == 0 })
    }

    @Test(
        "are taken and refused form by form as mesos-compose does",
        .enabled(if: CollectedFiles.compose != nil, "no ../shared/fixtures"))
    func table() throws {
        let folder = try #require(CollectedFiles.compose)
        let rows = try String(contentsOfFile: "\(folder)/dialect.tsv", encoding: .utf8).split(separator: "\n")
            .dropFirst()
        #expect(rows.count == 68)
        for row in rows {
            let cells = row.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            let text = try #require(try JSON(parsing: cells[5]).string)
            var failure: Failure?
            do throws(Failure) {
                _ = try ComposeFiles.services(text, project: "dial", file: "dial.yaml")
            } catch {
                failure = error
            }
            switch cells[0] {
            case "two-docs":
                #expect(failure?.summary.hasPrefix("rz does not take a second document") == true)
            default:
                #expect((failure == nil) == (cells[2] == "takes"), "\(cells[0]): \(failure?.description ?? "taken")")
            }
        }
    }
}
