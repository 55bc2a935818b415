import JSON
import Testing

@testable import Runbooks

@Suite("The JSON Schemas and the tables of the formats")
struct SchemaTests {
    @Test("are shipped as they are generated")
    func shippedSchemas() throws {
        try expectGolden(Schema.environment, "docs/schema/environment.schema.json")
        try expectGolden(Schema.runbook, "docs/schema/runbook.schema.json")
        try expectGolden(Schema.part, "docs/schema/part.schema.json")
    }

    @Test("are shipped as tables, too")
    func shippedTables() throws {
        var text = try shipped("docs/formats.md")
        for (name, shape) in [
            ("environment", EnvironmentFormat.shape), ("runbook", RunbookFormat.shape), ("part", PartFormat.shape),
        ] {
            text = try replacing(
                between: "<!-- keys of \(name): begin -->\n", and: "<!-- keys of \(name): end -->", in: text,
                with: FormatTable.markdown(shape))
        }
        try expectGolden(text, "docs/formats.md")
    }

    @Test("give every key a meaning, and every value an example that fits")
    func examples() throws {
        for shape in [EnvironmentFormat.shape, RunbookFormat.shape, PartFormat.shape] {
            for row in FormatTable.rows(shape, "") {
                #expect(!row.meaning.isEmpty, "\(row.path)")
                #expect(!row.isLeaf || !row.example.isEmpty, "\(row.path)")
            }
            check(shape, "")
        }
    }

    private func check(_ shape: Shape, _ path: String) {
        switch shape {
        case .object(let fields, _, _):
            for field in fields {
                for text in [field.example, field.standard].compactMap({ $0 }) {
                    var reader = Reader(file: path)
                    _ = reader.read("x: \(text)", as: .object([.required("x", field.shape, "")]))
                    #expect(reader.problems.isEmpty, "\(path).\(field.name): \(text)")
                }
                check(field.shape, "\(path).\(field.name)")
            }
        case .list(let element, _): check(element, path + "[]")
        case .map(let element): check(element, path + ".NAME")
        case .either(let shapes): for shape in shapes { check(shape, path) }
        default: break
        }
    }

    @Test(
        "agree with the decoder about documents that are almost right",
        .enabled(if: PythonValidator.isAvailable, "python3 has no module jsonschema (4.0 or later)"),
        arguments: [UInt64(1), 20_261_123, 0xB1EE])
    func agreement(seed: UInt64) throws {
        let formats = [
            (EnvironmentFormat.shape, Schema.environment, Sample.wholeEnvironment),
            (RunbookFormat.shape, Schema.runbook, try shipped("runbooks/rz-update.yaml")),
            (RunbookFormat.shape, Schema.runbook, Sample.operatorsRunbook),
        ]
        var random = SeededGenerator(seed: seed)
        for (shape, schema, sample) in formats {
            let whole = try Mutations.document(sample)
            var documents = [whole]
            for _ in 0..<400 {
                var document = whole
                for _ in 0..<Int.random(in: 1...3, using: &random) { document = Mutations.mutate(document, &random) }
                documents.append(document)
            }
            let verdicts = try PythonValidator.verdicts(documents, schema: schema)
            #expect(verdicts.count == documents.count && verdicts[0])
            for (document, isValid) in zip(documents, verdicts) {
                var reader = Reader(file: "f")
                _ = reader.read(document.compact, as: shape)
                #expect(
                    reader.problems.isEmpty == isValid,
                    "seed \(seed): the schema says \(isValid), the decoder \(reader.problems) of \(document.compact)")
            }
            #expect(verdicts.count { $0 } > 20 && verdicts.count { !$0 } > 100, "\(verdicts.count { $0 }) are valid")
        }
    }
}
