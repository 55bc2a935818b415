import Migration
import Testing

@testable import Commands

@Suite("A word that is no command")
struct MistypedCommandTests {
    @Test(
        "is named with the command that was probably meant",
        arguments: [
            ("udpate shop --yes", "There is no command rz udpate", "Did you mean: rz update?"),
            ("journal verfy shop", "There is no command rz journal verfy", "Did you mean: rz journal verify?"),
            ("frobnicate", "There is no command rz frobnicate", "See them all: rz --help"),
            ("sandbox fly", "There is no command rz sandbox fly", "See them all: rz sandbox --help"),
        ])
    func named(words: String, summary: String, advice: String) throws {
        let mistyped = try #require(MistypedCommand(words.split(separator: " ").map(String.init)))
        #expect(mistyped.failure.summary == summary)
        #expect(mistyped.failure.advice == advice)
    }

    @Test(
        "is not one that rz knows",
        arguments: ["", "--version", "help update", "update shop", "journal verify shop", "sandbox", "status"])
    func known(words: String) {
        #expect(MistypedCommand(words.split(separator: " ").map(String.init))?.failure == nil)
    }
}
