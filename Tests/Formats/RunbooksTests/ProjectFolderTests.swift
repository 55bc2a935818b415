import Foundation
import Migration
import Runbooks
import Testing

@Suite("A project folder")
struct ProjectFolderTests {
    @Test("is found from any folder within it")
    func upward() throws {
        let project = try Project()
        try project.write(Sample.environment, to: "environments/shop/terraform/servers/main.tf")
        let folder = try ProjectFolder(
            root: nil, searchingFrom: project.root + "/environments/shop/terraform/servers")
        #expect(folder.root == project.root)
        #expect(folder.environmentFolder("shop") == project.root + "/environments/shop")
    }

    @Test("is not looked for above a folder that was named")
    func explicit() throws {
        let project = try Project()
        try project.write("", to: "inner/x")
        let failure = #expect(throws: Failure.self) { try ProjectFolder(root: project.root + "/inner") }
        #expect(failure?.place == project.root + "/inner")
    }

    @Test("lists its environments and names the nearest to an unknown one")
    func unknown() throws {
        let project = try Project()
        for name in ["shop", "office"] { try project.write("x", to: "environments/\(name)/environment.yaml") }
        try project.write("x", to: "environments/notes.txt")
        let folder = try project.projectFolder
        #expect(try folder.environments() == ["office", "shop"])
        let failure = #expect(throws: Failure.self) { try folder.environment("shpo") }
        #expect(failure?.details == ["known: office, shop"])
        #expect(failure?.advice == "Did you mean shop?")
        let far = #expect(throws: Failure.self) { try folder.environment("warehouse") }
        #expect(far?.advice == "Begin one with: rz init warehouse.")
    }

    @Test("gives no file outside of it", arguments: ["../shop", "..", "", ".", "shop/../shop", "/etc"])
    func outside(name: String) throws {
        let project = try Project()
        try project.write(Sample.environment, to: "environments/shop/environment.yaml")
        try project.write(Sample.environment, to: "shop/environment.yaml")
        try project.write(Sample.environment, to: "environment.yaml")
        let failure = #expect(throws: Failure.self) { try project.projectFolder.environment(name) }
        #expect(failure?.summary == "There is no environment \(name)")
    }

    @Test("refuses an environment that is called otherwise than its folder")
    func name() throws {
        let project = try Project()
        try project.write(Sample.environment, to: "environments/office/environment.yaml")
        let error = #expect(throws: ConfigurationError.self) { try project.projectFolder.environment("office") }
        #expect(
            error?.description
                == "environments/office/environment.yaml:2:7: the name is \"shop\", but the environment's folder is called \"office\""
        )
    }

    @Test("names a runbook that is not there, and those that are")
    func runbooks() throws {
        let project = try Project()
        let none = #expect(throws: Failure.self) { try project.projectFolder.runbook("rz-update") }
        #expect(none?.summary == "There is no runbook rz-update")
        #expect(none?.details == ["known: none"])
        try project.write(Sample.runbook, to: "runbooks/rz-update.yaml")
        let failure = #expect(throws: Failure.self) { try project.projectFolder.runbook("rz-updat") }
        #expect(failure?.advice == "Did you mean rz-update?")
    }

    @Test("distinguishes a file that is no text, or no file, from one that is not there")
    func unreadable() throws {
        let project = try Project()
        try project.write([0x6E, 0xFF, 0xFE], to: "environments/shop/environment.yaml")
        let failure = #expect(throws: Failure.self) { try project.projectFolder.environment("shop") }
        #expect(failure?.summary == "A file is not UTF-8 text")
        try project.write("x", to: "environments/office/environment.yaml/x")
        let other = #expect(throws: Failure.self) { try project.projectFolder.environment("office") }
        #expect(other?.summary == "A file can't be read")
    }

    @Test("reads a runbook to its end although the environment has errors, and both together where neither has")
    func inspection() throws {
        let project = try Project()
        for file in EnvironmentTemplate(name: "shop").files { try project.write(file.text, to: file.path) }
        let fine = try project.projectFolder.inspect("shop")
        #expect(fine.isValid && fine.environment?.name == "shop" && fine.runbook?.name == "rz-update")

        let file = "environments/shop/environment.yaml"
        let text = try String(contentsOfFile: "\(project.root)/\(file)", encoding: .utf8)
        try project.write(text.replacingOccurrences(of: "soak: 15m", with: "soak: soon"), to: file)
        let runbook = EnvironmentTemplate(name: "shop").files[0].text
        try project.write(
            runbook.replacingOccurrences(of: "use: launch, timeout: 15m", with: "use: launch"),
            to: "runbooks/rz-update.yaml")
        let wrong = try project.projectFolder.inspect("shop")
        #expect(wrong.environment == nil && wrong.runbook == nil && wrong.failures.isEmpty)
        #expect(Set(wrong.problems.map(\.file)) == [file, "runbooks/rz-update.yaml"], "\(wrong.problems)")

        try FileManager.default.removeItem(atPath: project.root + "/runbooks/rz-update.yaml")
        let missing = try project.projectFolder.inspect("shop")
        #expect(missing.failures.map(\.summary) == ["There is no runbook rz-update"])
        #expect(missing.problems.map(\.file) == [file])
    }

    @Test("needs one approval at least: what both files show together is found when both can be read")
    func together() throws {
        let project = try Project()
        for file in EnvironmentTemplate(name: "shop").files {
            try project.write(
                file.text.replacingOccurrences(of: "tearDown: 2", with: "tearDown: 0"), to: file.path)
        }
        let inspection = try project.projectFolder.inspect("shop")
        #expect(inspection.environment != nil && !inspection.isValid)
    }
}
