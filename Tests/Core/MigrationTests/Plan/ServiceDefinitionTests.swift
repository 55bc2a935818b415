import Migration
import Testing

@Suite("A definition")
struct ServiceDefinitionTests {
    @Test("is read once, however many ask, whatever copies of it there are")
    func once() throws {
        let definition: ServiceDefinition = #"{"id":"/a"}"#
        let copy = definition
        #expect(try definition.value { $0.count } == 11)
        #expect(try copy.value { (_: String) throws(Failure) -> Int in throw Failure("read again") } == 11)
        #expect(
            try ServiceDefinition("{}", readAs: 5).value { (_: String) throws(Failure) -> Int in
                throw Failure("read again")
            } == 5)
    }

    @Test("is read again as something else, and after a failure")
    func again() throws {
        let definition: ServiceDefinition = "7"
        #expect(throws: Failure.self) {
            try definition.value { (_: String) throws(Failure) -> Int in throw Failure("x") }
        }
        #expect(try definition.value { $0.count } == 1)
        #expect(try definition.value { $0 } == "7")
    }

    @Test("is equal to another by its text alone")
    func equal() {
        #expect(ServiceDefinition("{}", readAs: 1) == ServiceDefinition("{}", readAs: 2))
        #expect(ServiceDefinition("{}") != ServiceDefinition("{ }"))
        #expect(Set([ServiceDefinition("{}", readAs: 1), "{}"]).count == 1)
    }
}
