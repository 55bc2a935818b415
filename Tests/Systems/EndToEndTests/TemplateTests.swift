import Foundation
import SandboxTesting
import Testing

@testable import Commands

@Suite("What rz init writes")
struct TemplateTests {
    @Test("is the shipped runbook, word for word")
    func runbook() throws {
        let shipped = try String(
            contentsOf: Program.checkout.appending(path: "runbooks/rz-update.yaml"), encoding: .utf8)
        #expect(Template.runbook.trimmingCharacters(in: .newlines) == shipped.trimmingCharacters(in: .newlines))
    }
}
