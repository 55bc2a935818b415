import Testing

@Suite("Bad input")
struct DecoderFuzzTests {
    @Test("is decoded or refused, by every decoder", arguments: FuzzRun.targets)
    func mutations(_ target: FuzzTarget) throws {
        try FuzzRun(target: target).perform()
    }

    @Test("that once broke a decoder breaks it no more", arguments: FuzzRun.targets)
    func regressions(_ target: FuzzTarget) throws {
        let watch = try Watch(target: target.name + "-regressions")
        defer { watch.end() }
        for (name, bytes) in try Samples.regressions(of: target.name) {
            watch.begin(bytes, "\(target.name)/\(name)")
            #expect(throws: Never.self, "\(target.name)/\(name)") { try target.check(bytes) }
        }
    }
}
