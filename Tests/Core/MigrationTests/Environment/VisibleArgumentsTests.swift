import Migration
import Operations
import Testing

@Suite("A secret among the arguments of a program")
struct VisibleArgumentsTests {
    @Test("is named by its place and its reference; what a program gets by variables is not")
    func named() {
        var environment = Environment(name: "shop")
        environment.provision.static = StaticServers(command: ["./servers", "--home", "${rz:home}", "${file:/etc/key}"])
        #expect(
            environment.visibleArguments == [
                "provision.static.command: ${file:/etc/key} is an argument of a program, which every user of this host "
                    + "can see"
            ])
        func step(_ id: String, _ command: [Setting], _ variables: [String: Setting] = [:]) -> RunbookStep {
            RunbookStep(
                id: id, work: .exec(ExecWork(command: command, variables: variables)), timeout: .minutes(1))
        }
        let runbook = Runbook(
            name: "x",
            phases: [
                .preflight: PhaseRule(steps: [
                    step("silence", ["bin/silence", "--token=${env:TOKEN}"]),
                    step("fine", ["a"], ["T": "${env:TOKEN}"]),
                ])
            ])
        #expect(
            runbook.visibleArguments == [
                "the step silence: --token=${env:TOKEN} is an argument of a program, which every user of this host can "
                    + "see: hand it by `variables`"
            ])
    }
}
