import Foundation
import FreePorts
import Migration
import Testing

@testable import Gating

/// Servers of one real ZooKeeper group, `host:port,host:port,…`, in `RZ_TEST_ZOOKEEPER`. Debian's package wants a Java
/// and 40 others beside it, so scripts/setup does not install it.
private let servers = (ProcessInfo.processInfo.environment["RZ_TEST_ZOOKEEPER"] ?? "").split(separator: ",")
    .map { Setting(String($0)) }

@Suite(
    "A probe of a real ZooKeeper group", .enabled(if: servers.count > 1, "RZ_TEST_ZOOKEEPER names no group of servers"))
struct RealZooKeeperTests {
    @Test("passes as it comes from Debian, with `srvr` as the only word that is allowed")
    func whole() async {
        let sample = await ask(.zooKeeper(servers: servers))
        #expect(sample.verdict == .pass, "\(sample.message)")
    }

    @Test("fails while one of its servers is not there")
    func without() async throws {
        let port = try FreePorts.claim()
        let sample = await ask(.zooKeeper(servers: servers + [Setting("127.0.0.1:\(port)")]))
        #expect(sample.verdict == .fail)
        #expect(sample.message.contains("\(servers.count) of \(servers.count + 1) servers serve"))
    }
}
