import Testing

@Suite("Who is who on the load balancers")
struct WhoIsWhoTests {
    /// tools.md T12
    @Test("is judged by addresses: green's servers that are really blue's are refused before anything is built")
    func greenIsBlue() async throws {
        var design = LabDesign()
        design.change = { line in line.address = line.address.replacing("127.0.12.", with: "127.0.11.") }
        try await Lab.with(design) { lab in
            try await Move(lab).end().expectRefused("127.0.11.")
        }
    }

    /// operators.md C2
    @Test("is asked of backends that no rule names: blue's servers there are refused")
    func unnamedBackend() async throws {
        try await Lab.with(legacy(LabDesign())) { lab in
            try await Move(lab).end().expectRefused("be_legacy")
        }
    }

    @Test("leaves such a backend alone where the environment gives a reason", .enabled(if: Lab.knowsMasterSockets))
    func ignoredBackend() async throws {
        var design = legacy(LabDesign())
        design.environment = ["ignoreBackends: [ { backend: be_legacy, reason: switched off in March } ]"]
        try await Lab.with(design) { lab in
            let outcome = try await Move(lab).end()
            #expect(outcome.status == 0, outcome.comment)
            outcome.expectUnharmed(by: "green")
        }
    }

    /// A backend with one of blue's servers, of which environment.yaml says nothing.
    private func legacy(_ design: LabDesign) -> LabDesign {
        var design = design
        design.sections = ["backend be_legacy\n    server blue-1 127.0.11.1:1 weight 100"]
        return design
    }

    /// T9
    @Test("knows that backup servers carry nothing")
    func backup() async throws {
        var design = LabDesign()
        design.change = { line in if line.color == "green" { line.options += " backup" } }
        try await Lab.with(design) { lab in
            let outcome = try await Move(lab).end()
            #expect(outcome.status != 0, outcome.comment)
            #expect(!outcome.hasEntered("drain"), outcome.comment)
            outcome.expectUnharmed(by: "blue")
        }
    }

    /// T7, load-balancers.md 3.3
    @Test("leaves free slots of a server template out", arguments: ["blue", "green"])
    func freeSlots(color: String) async throws {
        try await Lab.with(freeSlots(of: color)) { lab in
            let move = try await Move(lab)
            try await move.reach("50%")
            for edge in lab.design.edges {
                let up = try await lab.serverStates(on: edge).filter { $0.operation == 2 }
                let green = up.filter { $0.color == "green" }.map(\.weight).reduce(0, +)
                let share = Double(green) / Double(max(1, up.map(\.weight).reduce(0, +)))
                #expect((0.45...0.55).contains(share), "\(edge): \(up)")
            }
            let outcome = try await move.end()
            #expect(outcome.status == 0, outcome.comment)
            outcome.expectUnharmed(by: "green")
        }
    }

    @Test("finds the way back beside free slots of blue")
    func freeSlotsBack() async throws {
        try await Lab.with(freeSlots(of: "blue")) { lab in
            let move = try await Move(lab)
            try await move.reach("50%")
            try await lab.set("web/green-*", "errors")
            try await move.end().expectBackOnBlue()
        }
    }

    private func freeSlots(of color: String) -> LabDesign {
        var design = LabDesign()
        design.backend = [
            "server-template \(color)-spare- 3 nosuch.invalid:80 resolvers dead init-addr none weight 0"
        ]
        design.sections = ["resolvers dead\n    nameserver d 127.0.0.9:9"]
        return design
    }

    /// load-balancers.md 3.3
    @Test("leaves placeholders that the configuration disabled in maintenance")
    func placeholders() async throws {
        var design = LabDesign()
        design.serversPerColor = 4
        design.change = { line in
            if line.number > 2 { (line.address, line.options) = ("0.0.0.0:9", "disabled weight 0") }
        }
        try await Lab.with(design) { lab in
            let outcome = try await Move(lab).end()
            #expect(outcome.status == 0, outcome.comment)
            outcome.expectUnharmed(by: "green")
            for edge in lab.design.edges {
                let idle = try await lab.serverStates(on: edge).filter { ["green-3", "green-4"].contains($0.name) }
                #expect(idle.count == 2)
                #expect(idle.filter { $0.administration == 0 || $0.weight > 0 }.isEmpty, "\(edge): \(idle)")
            }
        }
    }

    /// load-balancers.md 3.2, tools.md T23
    @Test("lets a service that has no server up in either color pass, or refuses it before anything is built")
    func scaledToZero() async throws {
        var design = LabDesign()
        design.services = ["web", "two"]
        try await Lab.with(design) { lab in
            try await lab.set("two/*", "dead")
            let move = try await Move(lab)
            let outcome = try await move.end()
            #expect(outcome.status == 0 || !outcome.hasEntered("standUp"), outcome.comment)
        }
    }
}
