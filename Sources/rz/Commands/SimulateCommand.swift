import ArgumentParser
import FoundationEssentials
import Glibc
import Migration
import Operations
import Runbooks
import Simulation

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run rz itself in a simulated data centre where anything may go wrong.",
        discussion: """
            Each seed decides what goes wrong and when: calls that fail, replies that are lost, rz killed or stopped \
            anywhere, two of them at once, load balancers that reload, clocks that are set; and in which ways the world \
            is less kind than it says. With the same rz, the same seed gives the same trace. Nothing outside is touched.

            With an environment it asks what if: each fault at each step of the plan for that environment, in a run of \
            its own on what was observed of it. It reads the environment as `rz plan` does, or a saved plan.

              rz simulate --runs 10000
              rz simulate --seed 4711 --trace
              rz simulate --explore
              rz simulate shop
              rz simulate --plan shop.plan --faults what-if.yaml
            """)

    @Argument(help: "The environment to simulate faults for.")
    var environment: String?

    @Option(name: .long, help: ArgumentHelp("Simulate faults for a saved plan; reads nothing else.", valueName: "file"))
    var plan: String?

    @Option(name: .long, help: ArgumentHelp("Only these faults; see docs/formats.md.", valueName: "file"))
    var faults: String?

    @Flag(name: .long, help: "Print what came of each fault as JSON, one line each.")
    var json = false

    @Option(name: .long, help: "The first seed; by default a fresh one, which is printed.")
    var seed: UInt64?

    @Option(name: .long, help: "How many seeds, one after the other.")
    var runs = 1

    @Flag(name: .long, help: "Print every event and every effect with its time in milliseconds.")
    var trace = false

    @Flag(name: .long, help: "Visit every state that a small model can reach instead; takes its time.")
    var explore = false

    @OptionGroup var project: ProjectOptions

    func run() async throws {
        try await exiting {
            if environment != nil || plan != nil { return try await askWhatIf() }
            guard faults == nil, !json else {
                throw Failure("A what-if simulation needs an environment", advice: "Name one: rz simulate ENVIRONMENT.")
            }
            return try explore ? exploreAll() : simulateAll()
        }
    }

    // MARK: - What if

    private func askWhatIf() async throws -> ExitStatus {
        let plan = try await planAsked()
        let scenario = try Scenario(plan)
        let asked = try faults.map { path in
            try AssumedFault.read(path).map { (fault: $0, questions: $0.questions(of: plan)) }
        }
        let idle = (asked ?? []).filter(\.questions.isEmpty)
        guard idle.isEmpty else {
            throw Failure(
                "\(Wording.count(idle.count, "fault")) would happen nowhere in this plan", at: faults,
                details: idle.map(\.fault.description)
                    + [
                        "load balancers: \(plan.environment.loadBalancers.map(\.name.text).joined(separator: ", "))",
                        "steps: \(Wording.few(plan.steps.map(\.id.text), 12))",
                    ],
                advice: "Correct the patterns of step and loadBalancer; rz plan --json shows every step.")
        }
        if let halt = WhatIf.halt(of: scenario) {
            throw Failure(
                "The plan halts without any fault, so none can be tried", details: [halt.summary] + halt.details,
                advice: halt.advice)
        }
        let outcomes = (asked?.flatMap(\.questions) ?? WhatIf.all(of: scenario.plan)).map {
            $0.perform(in: scenario)
        }
        let terminal = Terminal.standardOutput
        let view = WhatIfView(plan, outcomes, style: terminal.style)
        terminal.write(json ? view.json : view.text)
        return outcomes.allSatisfy(\.isMended) ? .done : .error
    }

    private func planAsked() async throws -> Plan {
        if let plan { return try Plan.read(plan) }
        return try await Project.load(environment ?? "", root: project.chosenRoot).plan(.rzUpdate)
    }

    private func simulateAll() throws -> ExitStatus {
        guard runs > 0 else {
            throw Failure("There is nothing to simulate", advice: "Give a number of --runs above 0.")
        }
        let terminal = Terminal.standardOutput
        let first = seed ?? UInt64.random(in: 0...999_999_999)
        terminal.write("rz simulate --seed \(first) --runs \(runs)\n")
        let scenarios = try Scenario.various()
        let start = ContinuousClock.now
        var events = 0
        for number in 0..<UInt64(runs) {
            let seed = first &+ number
            let scenario = scenarios[Int(seed % UInt64(scenarios.count))]
            let report = SimulatedRun(scenario, seed: seed, isTracing: trace).perform()
            events += report.events
            for line in report.trace { terminal.write(line + "\n") }
            if let broken = report.broken.first {
                let lies = report.lies.map(\.rawValue).sorted().joined(separator: ", ")
                terminal.write("seed \(report.seed): \(broken)\n")
                terminal.write("How the world lied: \(lies.isEmpty ? "not at all" : lies)\n")
                terminal.write("See how it came to that: rz simulate --seed \(report.seed) --trace\n")
                return .error
            }
        }
        terminal.write("\(runs) runs, \(events) events, every promise kept (\(rate(of: runs, since: start)))\n")
        return .done
    }

    private func exploreAll() throws -> ExitStatus {
        let start = ContinuousClock.now
        let terminal = Terminal.standardOutput
        let progress = Terminal.standardError
        var lastShown = start
        let report = Exploration(try Scenario.small(startTime: 0, isBrief: true)).explore { report in
            guard progress.isInteractive, ContinuousClock.now - lastShown > .seconds(5) else { return }
            lastShown = .now
            progress.write("\(report.runs) runs; \(report.open) of \(report.states) states to go on from\n")
        }
        for line in report.journal { terminal.write("  \(line)\n") }
        for broken in report.broken { terminal.write("\(broken)\n") }
        let ends = report.ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        terminal.write(
            "\(report.states) states, \(report.moments) moments, \(report.events) events in \(report.runs) runs: "
                + "\(ends) (\(rate(of: report.runs, since: start)))\n")
        return report.broken.isEmpty ? .done : .error
    }

    private func rate(of runs: Int, since start: ContinuousClock.Instant) -> String {
        let took = ContinuousClock.now - start
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        return "\(Int((Double(runs) / max(seconds, 0.001)).rounded())) runs a second"
    }
}

extension AssumedFault {
    /// What it comes to in a plan: a question for each step and load balancer that it fits.
    fileprivate func questions(of plan: Plan) -> [WhatIf] {
        let balancers = plan.environment.loadBalancers.map(\.name).filter {
            matchesWildcard($0.text, pattern: loadBalancer)
        }
        return plan.steps.map(\.id).filter { matchesWildcard($0.text, pattern: step) }.flatMap { step in
            faults(balancers).map { WhatIf(step: step, fault: $0) }
        }
    }

    private func faults(_ balancers: [LoadBalancerID]) -> [WhatIf.Fault] {
        switch kind {
        case .callFails: [.callFails]
        case .callKeepsFailing: [.callKeepsFailing]
        case .answerLost: [.answerLost]
        case .killed: [.killed]
        case .loadBalancerDown: balancers.map { .loadBalancerDown($0, for: length) }
        case .loadBalancerReloaded: balancers.map { .loadBalancerReloaded($0) }
        case .newColorLost: [.newColorLost(for: length)]
        case .newColorErrors: [.newColorErrors(share, for: length)]
        }
    }
}
