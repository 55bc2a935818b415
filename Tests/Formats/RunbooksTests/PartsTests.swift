import Foundation
import Migration
import Operations
import Runbooks
import Testing

@Suite("Steps that runbooks share")
struct PartsTests {
    private static let checks = "- { id: checks, use: checks, timeout: 2m }"
    private static let ticket = """
        apiVersion: rz/v1
        name: ticket
        parameters:
          title: {}
          queue: { default: operations }
        steps:
          - id: open
            timeout: 1m
            http:
              url: "https://t/{{ with.queue }}"
              body: "{{ with.title }} of {{ run }}"
              outputs: { id: { type: text, at: /id } }
          - { id: log, timeout: 1m, exec: { command: [ ./log, "{{ ./open.id }}", "{{with.title}}" ] } }
          - { id: tell, timeout: 1m, needs: [ open ], when: [ { value: ./open.id, isNot: "0" } ], exec: { command: [ tell ] } }
          - { id: rest, wait: 1s, needs: [] }

        """

    private func read(_ lines: String..., parts: [String: String] = ["ticket": ticket]) throws -> [RunbookStep] {
        let project = try Project()
        for (name, text) in parts { try project.write(text, to: "runbooks/parts/\(name).yaml") }
        let preflight = ([Self.checks] + lines).joined(separator: "\n      ")
        return try project.runbook(Sample.runbook.changing(Self.checks, to: preflight)).phases[.preflight]?.steps ?? []
    }

    private func problems(_ lines: String..., parts: [String: String] = ["ticket": ticket]) throws -> [String] {
        let project = try Project()
        for (name, text) in parts { try project.write(text, to: "runbooks/parts/\(name).yaml") }
        let preflight = ([Self.checks] + lines).joined(separator: "\n      ")
        do {
            _ = try project.runbook(Sample.runbook.changing(Self.checks, to: preflight))
            return []
        } catch let error as ConfigurationError {
            return error.problems.map(\.description)
        }
    }

    @Test("take the place of the line that names them, with its parameters, in its order")
    func expanded() throws {
        let steps = try read(
            "- { id: begin, part: ticket, with: { title: An RZ update } }", "- { id: after, wait: 1s }",
            "- { id: late, wait: 1s, needs: [ begin ] }")
        let begin = ["begin.open", "begin.log", "begin.tell", "begin.rest"]
        #expect(steps.map(\.id) == ["checks"] + begin + ["after", "late"])
        #expect(steps.map(\.needs) == [nil, ["checks"], nil, ["begin.open"], ["checks"], begin, begin])
        #expect(
            steps[1].work
                == .http(
                    HTTPWork(
                        url: "https://t/operations", body: "An RZ update of {{ run }}",
                        outputs: ["id": StepOutput(.text, at: "/id")])))
        #expect(
            steps[2].work
                == .exec(ExecWork(command: ["./log", "{{ preflight/begin.open.id }}", "An RZ update"])))
        #expect(steps[3].when == [Condition("preflight/begin.open.id", isNot: "0")])
    }

    @Test("may use others, and are done where the line's condition holds, too")
    func nested() throws {
        let outer = """
            apiVersion: rz/v1
            name: outer
            parameters: { what: {} }
            steps:
              - { id: first, wait: 1s }
              - { id: inner, part: inner, with: { what: "{{ with.what }}!" } }
              - { id: last, wait: 2s }

            """
        let inner = """
            apiVersion: rz/v1
            name: inner
            parameters: { what: {} }
            steps:
              - { id: say, timeout: 1s, when: [ { value: run, isNot: x } ], exec: { command: [ say, "{{ with.what }}" ] } }

            """
        let steps = try read(
            "- { id: a, part: outer, with: { what: hello }, needs: [], when: [ { value: color, is: green } ] }",
            parts: ["outer": outer, "inner": inner])
        #expect(steps.map(\.id) == ["checks", "a.first", "a.inner.say", "a.last"])
        #expect(steps.map(\.needs) == [nil, [], ["a.first"], ["a.inner.say"]])
        #expect(steps[2].work == .exec(ExecWork(command: ["say", "hello!"])))
        let green = Condition("color", is: "green")
        #expect(steps.map(\.when) == [nil, [green], [green, Condition("run", isNot: "x")], [green]])
    }

    @Test(
        "are refused with the place in the file that is wrong",
        arguments: [
            (
                "- { id: a, part: tickte, with: { title: x } }", ticket,
                "rz-update.yaml:7:24: there is no part tickte; known: ticket; did you mean \"ticket\"?"
            ),
            ("- { id: a, part: ticket }", ticket, "rz-update.yaml:7:24: the part ticket needs `with: { title: … }`"),
            (
                "- { id: a, part: ticket, with: { title: x, qeue: y } }", ticket,
                "the part ticket has no parameter qeue; did you mean \"queue\"?"
            ),
            (
                "- { id: a, part: ticket, with: { title: x }, timeout: 1m }", ticket,
                "each step of the part says its `timeout`"
            ),
            ("- { id: a, wait: 1s, with: { title: x } }", ticket, "`with` is for a `part`"),
            (
                "- { id: a, part: ticket, with: { title: x } }",
                ticket.replacingOccurrences(of: "with.queue", with: "with.qeue"),
                "parts/ticket.yaml:7:5: the part ticket has no parameter qeue; did you mean \"queue\"?"
            ),
            (
                "- { id: a, part: ticket, with: { title: x } }",
                ticket.replacingOccurrences(of: "wait: 1s", with: "use: checks"), "parts/ticket.yaml:15:"
            ),
            (
                "- { id: a, part: ticket, with: { title: x } }",
                ticket.replacingOccurrences(of: "command: [ tell ]", with: "command: [ tell ], affects: old"),
                "parts/ticket.yaml:14:127: a.tell changes the old color in preflight"
            ),
            (
                "- { id: a, part: ticket, with: { title: x } }",
                ticket.replacingOccurrences(of: "{{ ./open.id }}", with: "{{ ./open.number }}"),
                "preflight/a.open.number: preflight/a.open gives id"
            ),
            (
                "- { id: a, part: ticket, with: { title: x } }",
                ticket.replacingOccurrences(of: "wait: 1s, needs: []", with: "part: ticket, with: { title: y }"),
                "parts/ticket.yaml:15:23: the part ticket uses itself: ticket → ticket"
            ),
            (
                "- { id: a, part: ticket, with: { title: x } }",
                ticket.replacingOccurrences(of: "name: ticket", with: "name: tickets"),
                "parts/ticket.yaml:2:7: the name is \"tickets\", but the file is called \"ticket\""
            ),
        ])
    func refused(line: String, part: String, expected: String) throws {
        let problems = try problems(line, parts: ["ticket": part])
        #expect(problems.contains { $0.contains(expected) }, "\(problems)")
    }

    @Test("that two lines use say once what is wrong with them")
    func once() throws {
        let broken = Self.ticket.replacingOccurrences(of: "wait: 1s", with: "wait: soon")
        let line = "part: ticket, with: { title: x } }"
        let problems = try problems("- { id: a, \(line)", "- { id: b, \(line)", parts: ["ticket": broken])
        #expect(problems.count == 1 && problems[0].hasPrefix("runbooks/parts/ticket.yaml:15:"), "\(problems)")
    }

    @Test("are read once each, and end when they would add without end")
    func many() throws {
        var parts: [String: String] = [:]
        for level in 0..<8 {
            let next = level == 7 ? "wait: 1s" : "part: p\(level + 1)"
            let lines = (0..<10).map { "  - { id: s\($0), \(next) }" }.joined(separator: "\n")
            parts["p\(level)"] = "apiVersion: rz/v1\nname: p\(level)\nsteps:\n\(lines)\n"
        }
        let problems = try problems("- { id: a, part: p0 }", parts: parts)
        #expect(problems.contains { $0.contains("parts add more than 2000 steps") }, "\(problems.prefix(3))")
    }
}
