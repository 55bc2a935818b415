import Testing

@testable import Sandbox

@Suite("A request to the sandbox")
struct HostTests {
    @Test(
        "is for this machine by a loopback address or localhost",
        arguments: ["127.0.0.1", "127.0.11.10:10010", "localhost", "LocalHost:80", "[::1]:80"])
    func own(_ host: String) { #expect(LoopbackServer.isLoopback(host)) }

    @Test(
        "is foreign by any other name",
        arguments: [
            "", "example.org", "127.0.0.1.example.org", "localhost.example.org:80", "10.0.0.1", "127.1", "127.0.0.x",
            "[::2]", "0.0.0.0",
        ])
    func foreign(_ host: String) { #expect(!LoopbackServer.isLoopback(host)) }
}
