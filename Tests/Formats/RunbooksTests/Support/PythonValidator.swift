import Foundation
import JSON
import Testing

/// An independent judge: the package jsonschema that `scripts/setup` installs in `.venv-schema`, or else that of the
/// machine's python3, if there is one.
enum PythonValidator {
    static let isAvailable = (try? run("import jsonschema; jsonschema.Draft202012Validator", "")) != nil

    /// Whether each document fits the schema.
    static func verdicts(_ documents: [JSON], schema: String) throws -> [Bool] {
        let program = """
            import json, sys, jsonschema
            schema, documents = json.load(sys.stdin)
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            print(json.dumps([validator.is_valid(document) for document in documents]))
            """
        let answer = try run(program, "[\(schema),\(JSON.array(documents).compact)]")
        return try #require(try JSON(parsing: answer).array).map { $0.bool ?? false }
    }

    private struct Failed: Error {}

    private static func run(_ program: String, _ input: String) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "rz-schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files in place of pipes: nobody waits for anybody.
        let files = (in: folder.appending(path: "in"), out: folder.appending(path: "out"))
        try Data(input.utf8).write(to: files.in)
        try Data().write(to: files.out)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let own = checkout.appending(path: ".venv-schema/bin/python").path
        process.arguments = [FileManager.default.isExecutableFile(atPath: own) ? own : "python3", "-c", program]
        process.standardInput = try FileHandle(forReadingFrom: files.in)
        process.standardOutput = try FileHandle(forWritingTo: files.out)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed() }
        return try String(contentsOf: files.out, encoding: .utf8)
    }
}
