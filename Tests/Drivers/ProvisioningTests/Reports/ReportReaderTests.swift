import Migration
import Testing

@testable import Provisioning

@Suite("Reading reports")
struct ReportReaderTests {
    private let clean = #"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"lint"}},"results":[]}]}"#

    private func reason(_ finding: ReportFinding) -> String {
        guard case .absent(let reason) = finding else { return "is there" }
        return reason
    }

    @Test("takes a file of the environment's folder")
    func file() async throws {
        try await withFolder { folder in
            try folder.write("environments/shop/reports/lint.sarif", clean)
            let reader = ReportReader(project: folder.path, environment: "environments/shop")
            let found = await reader.read(ReportRule(name: "lint", .file("reports/lint.sarif")))
            #expect(found == .read(ToolReport(tools: ["lint"])))
            let missing = await reader.read(ReportRule(name: "lint", .file("reports/scan.sarif")))
            #expect(
                reason(missing) == "reports/scan.sarif can't be read: No such file or directory")
        }
    }

    @Test("takes what a program writes to its output, with how it ended, and nothing of its errors")
    func program() async throws {
        try await withFolder { folder in
            try folder.write(
                "environments/shop/lint", "#!/bin/sh\necho 'not part of it' >&2\ncat \"$1\"\nexit 2\n", executable: true
            )
            try folder.write("environments/shop/clean.sarif", clean)
            try folder.write("environments/shop/half.sarif", String(clean.dropLast(4)))
            try folder.write("environments/shop/empty.sarif", "")
            let reader = ReportReader(project: folder.path, environment: "environments/shop")
            func read(_ words: String..., timeout: Period = .seconds(60)) async -> ReportFinding {
                await reader.read(ReportRule(name: "lint", .program(words), timeout: timeout))
            }
            #expect(await read("./lint", "clean.sarif") == .read(ToolReport(tools: ["lint"], exitStatus: 2)))
            #expect(await read("cat", "clean.sarif") == .read(ToolReport(tools: ["lint"], exitStatus: 0)))
            #expect(reason(await read("./lint", "half.sarif")).hasPrefix("it is not JSON"))
            #expect(
                reason(await read("./lint", "empty.sarif"))
                    == "lint wrote no report: it ended with code 2: not part of it")
            #expect(reason(await read("no-such-linter")).contains("no-such-linter"))
            #expect(reason(await read("sleep", "600", timeout: .seconds(1))).contains("sleep"))
        }
    }

    @Test("takes a file that a program writes into the folder it is given, and whatever it prints counts for nothing")
    func written() async throws {
        try await withFolder { folder in
            try folder.write(
                "environments/shop/scan",
                "#!/bin/sh\necho 'all is well'\n[ -z \"$2\" ] || cp \"$2\" \"$1/out.sarif\"\n",
                executable: true)
            try folder.write("environments/shop/clean.sarif", clean)
            let reader = ReportReader(project: folder.path, environment: "environments/shop")
            func read(_ words: String...) async -> ReportFinding {
                await reader.read(ReportRule(name: "scan", .program(words, writes: "out.sarif")))
            }
            #expect(
                await read("./scan", "{{ reports }}", "clean.sarif")
                    == .read(ToolReport(tools: ["lint"], exitStatus: 0)))
            #expect(reason(await read("./scan", "{{ reports }}")).hasPrefix("scan wrote no report"))
        }
    }

    @Test("lets a program leave nothing in what was pinned")
    func copied() async throws {
        try await withFolder { folder in
            try folder.write("environments/shop/clean.sarif", clean)
            try folder.write(
                "environments/shop/lint", "#!/bin/sh\ntouch notes ../notes\ncat clean.sarif\n", executable: true)
            let before = folder.files
            let reader = ReportReader(project: folder.path, environment: "environments/shop")
            let found = await reader.read(ReportRule(name: "lint", .program(["./lint"])))
            #expect(found == .read(ToolReport(tools: ["lint"], exitStatus: 0)))
            #expect(folder.files == before)
        }
    }
}
