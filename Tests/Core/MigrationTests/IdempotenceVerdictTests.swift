import Migration
import Testing

@Suite("A second run of a playbook")
struct IdempotenceVerdictTests {
    private static let touch = ConfigurationTask(name: "marks : Touch", names: ["Touch"], tags: ["marks"])
    private static let write = ConfigurationTask(name: "Write", names: ["Write"])
    private static let restart = ConfigurationTask(
        name: "marks : Restart", names: ["Restart", "changed"], isHandler: true)
    private static let declared = [IdempotenceException(.tag("marks"), reason: "it notes the time")]

    private func verdict(
        _ changes: [ConfigurationChange], counted: [String: Int]? = nil,
        exceptions: [IdempotenceException] = declared
    ) -> IdempotenceVerdict {
        let counts = Dictionary(grouping: changes, by: \.host).mapValues(\.count)
        return IdempotenceVerdict(
            ConfigurationResult(changed: counted ?? counts, changes: changes, tasks: Set(changes.map(\.task))),
            exceptions: exceptions)
    }

    @Test("may run a handler as the consequence of tasks that are all declared")
    func consequence() {
        let seen = verdict([
            ConfigurationChange(host: "a", task: Self.touch, notifies: ["changed"]),
            ConfigurationChange(host: "a", task: Self.restart),
        ])
        #expect(seen.undeclared == [])
        #expect(seen.uses.map(\.consequences) == [1])
    }

    @Test("may not run a handler that a task notified which is not declared, too")
    func mixed() {
        let seen = verdict([
            ConfigurationChange(host: "a", task: Self.touch, notifies: ["changed"]),
            ConfigurationChange(host: "a", task: Self.write, notifies: ["Restart"]),
            ConfigurationChange(host: "a", task: Self.restart),
        ])
        #expect(seen.undeclared == ["a: Write", "a: marks : Restart"])
    }

    @Test("may not run a handler that was notified on another server only")
    func otherServer() {
        let seen = verdict([
            ConfigurationChange(host: "a", task: Self.touch, notifies: ["changed"]),
            ConfigurationChange(host: "b", task: Self.restart),
        ])
        #expect(seen.undeclared == ["b: marks : Restart"])
    }

    @Test("may not make a change that is counted and that no event reports")
    func unseen() {
        let seen = verdict(
            [ConfigurationChange(host: "a", task: Self.touch)], counted: ["a": 2, "b": 1, "c": 0])
        #expect(seen.undeclared == ["a: 1 change", "b: 1 change"])
    }

    @Test("that changes nothing needs no exception: each is reported as a note")
    func nothing() {
        let seen = verdict([], counted: ["a": 0])
        #expect(seen.summary == "second run changed nothing")
        #expect(
            seen.notes == [
                "idempotence exception not needed: tag “marks” was not met in the second run; "
                    + "look for a mistyped name. Declared because: it notes the time"
            ])
    }
}
