import Foundation
import JSON
import SandboxTesting
import Testing

@testable import Commands

@Suite("A new environment")
struct InitTests {
    private static let agent = "http://{{ control[0].address }}"

    @Test("is valid at once, whatever flags are given", arguments: [[], ["--terraform"], ["--static"]])
    func valid(servers: [String]) async throws {
        let frameworks = [
            "marathon=\(InitTests.agent):8080", "metronome=\(InitTests.agent):9000", "compose=http://h:1",
        ]
        let sets =
            [[]] + frameworks.map { [$0] } + [frameworks + ["chronos=http://h:4400"]]
        let rest = [
            "--mesos", "\(InitTests.agent):5050", "--load-balancer", "edge-1=tcp:127.0.0.1:9999", "--load-balancer",
            "e2=unix:/x", "--backend", "b",
        ]
        // Every other combination is a template's, which RunbooksTests validate.
        for set in sets {
            for more in [[], rest] {
                try await NewProject.with { project in
                    let flags = servers + set.flatMap { ["--framework", $0] } + more
                    let made = try await project.rz(["init", "shop"] + flags)
                    #expect(made.status == 0, "\(flags): \(made.all)")
                    let validated = try await project.rz(["validate"])
                    #expect(validated.status == 0, "\(flags): \(validated.all)")
                    #expect(validated.output == "shop: valid, with runbook rz-update\n")
                }
            }
        }
    }

    @Test("lists each place to fill in by file and line, and each command that comes next works as printed")
    func printed() async throws {
        try await NewProject.with { project in
            let made = try await project.rz(["init", "shop", "--static"])
            let lines = made.output.split(separator: "\n").map { $0.drop { $0 == " " } }
            let places = lines.filter { $0.hasPrefix("environments/") }
            #expect(places.count == 8, "\(made.output)")
            for place in places {
                let parts = place.split(separator: ":", maxSplits: 2).map(String.init)
                let text = try String(contentsOfFile: "\(project.folder)/\(parts[0])", encoding: .utf8)
                let line = text.split(separator: "\n", omittingEmptySubsequences: false)[
                    try #require(Int(parts[1])) - 1]
                #expect(line.hasSuffix("# FILL IN:" + parts[2]))
            }
            // No test calls another host.
            let file = "environments/shop/environment.yaml"
            var text = try project.read(file)
            for (network, own) in [("192.0.2", "127.0.71"), ("198.51.100", "127.0.72")] {
                text = text.replacingOccurrences(of: network, with: own)
            }
            try project.write(text, file)
            let commands = lines.split { $0 == "Next:" }.last.map(Array.init) ?? []
            #expect(commands.first == "git init")
            #expect(commands.suffix(2) == ["rz doctor shop", "rz plan shop"])
            for command in commands {
                let ended = try await project.shell(String(command))
                if command.hasPrefix("rz doctor") {
                    #expect(ended.status == 1, "\(ended.all)")
                    #expect(ended.output.contains("to fill in"), "\(ended.all)")
                } else if command.hasPrefix("rz plan") {
                    // What is not filled in is called by no one.
                    #expect(ended.status == 1, "\(ended.all)")
                    #expect(ended.errors.contains("Not everything is filled in"), "\(ended.all)")
                } else {
                    #expect(ended.status == 0, "\(command): \(ended.all)")
                }
            }
        }
    }

    @Test("replaces no file: one that exists is refused whole, what was begun is completed")
    func overwritesNothing() async throws {
        try await NewProject.with { project in
            let playbook = "environments/shop/ansible/site.yaml"
            try project.write("- hosts: all\n", playbook)
            let made = try await project.rz(["init", "shop"])
            #expect(made.output.contains("kept  \(playbook)"), "\(made.all)")
            #expect(try project.read(playbook) == "- hosts: all\n")

            let before = try project.read("environments/shop/environment.yaml")
            let refused = try await project.rz(["init", "shop", "--static"])
            #expect(refused.status == 5)
            for text in ["The environment shop exists; nothing was written", "environment.yaml", "ansible/site.yaml"] {
                #expect(refused.errors.contains(text), "\(refused.errors)")
            }
            #expect(try project.read("environments/shop/environment.yaml") == before)
        }
    }

    @Test("can be begun in another folder, to which the commands that come next go")
    func otherFolder() async throws {
        try await NewProject.with { project in
            let made = try await project.rz(["init", "shop", "--static", "--root", "my project", "--json"])
            let next = try JSON(parsing: made.output)["next"]?.array?.compactMap(\.string) ?? []
            #expect(next.first?.hasPrefix("cd ") == true, "\(next)")
            let commands = next.prefix { !$0.hasPrefix("rz doctor") }
            #expect(commands.count == 5)
            let ended = try await project.shell(commands.joined(separator: " && "))
            #expect(ended.status == 0, "\(ended.all)")
        }
    }

    @Test("is begun without a terminal and without flags: with values to start from")
    func withoutTerminal() async throws {
        try await NewProject.with { project in
            let made = try await project.rz(["init", "shop"])
            #expect(made.status == 0, "\(made.all)")
            #expect(!made.output.contains("?"), "\(made.output)")
        }
    }

    @Test(
        "is not begun with a flag that can't be meant, which is named",
        arguments: [
            ["--load-balancer", "edge-1"], ["--load-balancer", "edge-1=127.0.0.1:9999"],
            ["--framework", "maraton=http://h"],
            ["--framework", "marathon=h:8080"], ["--mesos", "h:5050"], ["--static", "--terraform"],
            ["--framework", "marathon=http://rz:s3cret-word@h"], ["--backend", "a b"],
            ["--backend", "b", "--backend", "b"],
        ])
    func refused(_ flags: [String]) async throws {
        try await NewProject.with { project in
            let ended = try await project.rz(["init", "shop"] + flags)
            #expect(![0, 2].contains(ended.status), "\(ended.all)")
            #expect(!ended.errors.isEmpty)
            #expect(!ended.all.contains("s3cret"))
            #expect(!FileManager.default.fileExists(atPath: project.folder + "/environments"))
        }
    }

    @Test("is printed as one JSON object for programs")
    func json() async throws {
        try await NewProject.with { project in
            let made = try await project.rz(["init", "shop", "--terraform", "--json"])
            let answer = try JSON(parsing: made.output)
            #expect(answer["formatVersion"]?.int == 2)
            #expect(answer["files"]?.array?.count == 5)
            #expect(answer["fillIn"]?.array?.first?["line"]?.int == 4)
            #expect(answer["next"]?.array?.first?.string == "git init")
        }
    }

    @Test("is asked for on a terminal, question by question")
    func questions() async throws {
        try await NewProject.with { project in
            let terminal = try PseudoTerminal()
            let rz = try project.start(["init", "shop"], terminal: terminal)
            try terminal.type(
                "stattic\nstatic\nedge-1=tcp:127.0.0.1:9999\n\nbe_shop\nbe_cart\n\nmetronome=http://h:9000\n\n\n")
            let ended = try await rz.end()
            #expect(ended.status == 0, "\(terminal.text)")
            #expect(terminal.text.contains("“stattic” is neither terraform nor static"), "\(terminal.text)")
            let text = try project.read("environments/shop/environment.yaml")
            for part in ["static:", "socket: \"tcp:127.0.0.1:9999\"", "backend: be_cart", "metronome:"] {
                #expect(text.contains(part), "\(text)")
            }
            #expect(!text.contains("mesos"))
        }
    }
}
