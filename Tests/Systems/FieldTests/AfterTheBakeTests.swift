import Testing

/// load-balancers.md 1.4: who owns the traffic judges it, until blue is taken down.
@Suite("After the last bake")
struct AfterTheBakeTests {
    @Test("errors in soak give the traffic back", arguments: ["errors", "dead"])
    func soak(mode: String) async throws {
        var design = LabDesign()
        design.soak = "5s"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.enter("soak")
            // tools.md T24: all of green's servers down.
            try await lab.set("web/green-*", mode)
            try await move.end().expectBackOnBlue()
        }
    }

    @Test("errors in a pause give the traffic back")
    func pause() async throws {
        var design = LabDesign()
        design.steps = "{ share: 50%, bake: 4s }, { share: 100%, bake: 1s }"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("50%")
            try await lab.run("pause", "lab")
            try await move.wait(of: "run.paused")
            try await lab.set("web/green-*", "errors")
            try await move.wait(of: "traffic.returned", within: .seconds(20))
            try await move.interrupt().expectBackOnBlue()
        }
    }

    @Test("errors while an approval is awaited give the traffic back")
    func approval() async throws {
        var design = LabDesign()
        design.approvals = "tearDown: 1"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.wait(of: "approval.requested")
            try await lab.set("web/green-*", "errors")
            try await move.wait(of: "traffic.returned", within: .seconds(20))
            let outcome = try await move.interrupt()
            #expect(outcome.answering == ["blue"], outcome.comment)
            #expect(outcome.status != 0, outcome.comment)
        }
    }

    /// tools.md T14
    @Test("servers that a reload forgot give the traffic back")
    func dynamicServers() async throws {
        var design = LabDesign()
        design.soak = "6s"
        design.change = { line in line.isListed = line.color == "blue" }
        try await Lab.with(design) { lab in
            for edge in lab.design.edges {
                for number in 1...2 {
                    let server = "be_web/green-\(number)"
                    let address = "\(lab.address("green", number)):\(lab.ports.services["web"] ?? 0)"
                    _ = try await lab.ask(
                        edge,
                        "add server \(server) \(address) check inter 300ms rise 2 fall 2 weight 0; "
                            + "enable server \(server); enable health \(server)")
                }
            }
            let move = try await Move(lab)
            try await move.enter("soak")
            for edge in lab.design.edges { try await lab.reload(edge) }
            try await move.end().expectBackOnBlue()
        }
    }
}
