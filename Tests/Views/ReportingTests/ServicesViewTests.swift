import Foundation
import Migration
import Testing

@testable import Reporting

@Suite("The services on paper")
struct ServicesViewTests {
    @Test("say of each what its overrides did, what is bound to its environment, and why others stay")
    func services() throws {
        try expectGolden(view().text(), "services")
    }

    @Test("say of two colors what differs, field by field")
    func differences() throws {
        var view = view()
        view.services = []
        view.parity = ServicesView.Parity(
            direction: Direction(from: .blue), compared: 12,
            delta: try ServiceDelta(
                from: [service("/a", "x", 1), service("/b", "b", 2), service("/gone", "g", 1)],
                to: [service("/a", "y", 1), service("/b", "b", 3), service("/new", "n", 1)]
            ) { one, other throws(Failure) in
                one.fingerprint == other.fingerprint
                    ? []
                    : [
                        FieldChange(path: "cmd", from: one.fingerprint, to: other.fingerprint),
                        FieldChange(path: "env.PASSWORD", from: nil, to: Secrets.mask),
                    ]
            })
        try expectGolden(view.text(), "services-diff")
    }

    @Test("say that all are the same")
    func same() throws {
        var view = view()
        view.parity = ServicesView.Parity(
            direction: Direction(from: .green), compared: 3,
            delta: ServiceDelta(from: [ServiceID: WorldService](), to: []))
        #expect(view.text().hasSuffix("\ngreen → blue: all 3 are the same\n"))
    }

    @Test("say to machines which form they have, without a name that Swift gives")
    func machines() throws {
        var view = view()
        view.services = []
        view.parity = ServicesView.Parity(
            direction: Direction(from: .blue), compared: 3,
            delta: try ServiceDelta(
                from: [service("/a", "x", 1), service("/gone", "g", 1)],
                to: [service("/a", "y", 3), service("/new", "n", 1)]
            ) { _, _ throws(Failure) in [FieldChange(path: "cmd", from: "x", to: "y")] })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try expectGolden(String(decoding: try encoder.encode(view), as: UTF8.self) + "\n", "services-json")
    }

    private func view() -> ServicesView {
        var cart = service("/shop/cart", "f", 3)
        cart.changes = [
            FieldChange(path: "env.CACHE_HOST", from: "10.1.0.7", to: "{{ cache[0].address }}"),
            FieldChange(path: "constraints.0", from: #"["rack","IS","r1"]"#, to: nil),
        ]
        var worker = service("/shop/worker", "f", 1)
        worker.mode = .exclusive
        worker.modeReason = "mode exclusive, by its label rz.mode"
        return ServicesView(
            environment: "shop", color: .blue,
            services: [
                .init(
                    worker,
                    findings: [
                        Finding(.hostPath, at: "container.volumes.0.hostPath", "/data: on the old agents", .blocking),
                        Finding(
                            .zooKeeper, at: "env.ZK", "zk://: which one is not known",
                            .accepted(reason: "both colors share it")),
                    ], breaches: breaches(of: worker.id)),
                .init(
                    cart,
                    findings: [
                        Finding(.oldAddress, at: "env.CACHE_HOST", "10.1.0.7: cache-1 of the old color", .mapped),
                        Finding(.constraint, at: "constraints.1", "pool LIKE web: to be checked", .deferred),
                    ]),
                .init(IgnoredService(id: "/shop/ledger", reason: "mode manual, by the override for /shop/ledger")),
            ])
    }

    private func breaches(of service: ServiceID) -> [PolicyBreach] {
        let rules = PolicyRules(
            severity: .off, severities: [.privileged: .block, .noHealthCheck: .warn],
            waivers: [Day("2099-12-31")].compactMap(\.self).map {
                .init(.noHealthCheck, services: "/shop/*", reason: "CHG 4711", until: $0)
            })
        let facts = ContainerFacts(at: "container.docker", isPrivileged: true, isHealthChecked: false)
        return rules.breaches(of: service, [facts], now: Instant(milliseconds: 1_795_455_000_000))
    }

    private func service(_ id: ServiceID, _ fingerprint: String, _ instances: Int) -> Service {
        Service(id: id, definition: "{}", instances: instances, fingerprint: fingerprint, kind: "app of Marathon")
    }
}
