import JSON
import Testing
import YAML

@Suite("YAML read as JSON")
struct YAMLTests {
    @Test("keeps maps, lists and scalars, in the order that they are written in")
    func kinds() throws {
        let text = """
            version: "3.9"
            services:
              web: { image: nginx, replicas: 2, cpus: 0.10, privileged: true, command: ~ }
              db:
                ports: [80, "8080:80"]
            """
        let json = try JSON(yaml: text)
        #expect(
            json.compact == #"{"version":"3.9","services":{"web":{"image":"nginx","replicas":2,"cpus":0.10,"#
                + #""privileged":true,"command":null},"db":{"ports":[80,"8080:80"]}}}"#)
    }

    @Test(
        "makes of a plain scalar what the core schema says, and of a quoted one a text",
        arguments: [
            ("yes", #""yes""#), ("no", #""no""#), ("012", #""012""#), ("0x10", #""0x10""#), ("1_000", #""1_000""#),
            ("22:22", #""22:22""#), ("2026-11-23", #""2026-11-23""#), ("+3", "3"), ("-1.5e3", "-1.5e3"),
            (".inf", #"".inf""#), ("'true'", #""true""#), ("\"1\"", #""1""#), ("True", "true"), ("", "null"),
            ("!!str 1", #""1""#),
        ])
    func scalars(text: String, json: String) throws {
        #expect(try JSON(yaml: "a: \(text)")["a"]?.compact == json)
    }

    @Test("follows aliases and keeps a merge key as it is written")
    func aliases() throws {
        #expect(try JSON(yaml: "a: &x { b: 1 }\nc: *x").compact == #"{"a":{"b":1},"c":{"b":1}}"#)
    }

    @Test(
        "refuses what can't be written as JSON, with the line",
        arguments: [
            ("a: [", 1), ("a: 1\na: 2", 2), ("a:\n\tb: 1", 2), ("? [a]\n: 1", 1), ("a: *x", 1), ("", nil),
            ("a: 1\n---\nb: 2", 2),
        ])
    func refused(text: String, line: Int?) {
        let error = #expect(throws: YAMLError.self) { try JSON(yaml: text) }
        if let line { #expect(error?.line.map { abs($0 - line) <= 1 } == true, "\(String(describing: error))") }
    }

    @Test("refuses a document that grows without end by its aliases")
    func bomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            let elements = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(elements)]\n"
        }
        #expect(throws: YAMLError.self) { try JSON(yaml: text) }
    }
}
