import Testing

@testable import Clusters

private let uuid = "4b1c8f0a-0a1b-11e6-9d6e-02420a000001"
private let marathon = MesosFramework(id: "M-0000", name: "marathon")
private let other = MesosFramework(id: "M-0001", name: "spark", isActive: false, isConnected: false)

private let claimOfCart = TaskClaim(framework: marathon.id, naming: .marathon, services: ["/shop/cart"])

private func state(_ tasks: [MesosTask], _ more: MesosFramework...) -> MesosState {
    MesosState(
        leader: "m:5050", version: "1.11.0", agents: [], frameworks: [marathon, other] + more, tasks: tasks)
}

private func task(_ id: String, _ name: String = "", of framework: MesosFramework = marathon) -> MesosTask {
    MesosTask(id: id, name: name, framework: framework.id)
}

@Suite("Each task that runs on the old side")
struct CompletenessTests {
    @Test(
        "is reported by the rules of the framework that launched it",
        arguments: [
            (TaskClaim.Naming.marathon, "shop_cart.instance-\(uuid)._app.1", "cart.shop", "/shop/cart"),
            (.marathon, "shop_cart.instance-\(uuid)._app.12", "", "/shop/cart"),
            (.marathon, "shop_cart.\(uuid)", "cart.shop", "/shop/cart"),
            (.marathon, "shop_cart.\(uuid).2", "cart.shop", "/shop/cart"),
            (.marathon, "shop_cart.marathon-\(uuid)", "cart.shop", "/shop/cart"),
            (.marathon, "shop_pod.instance-\(uuid).front-end", "front-end", "/shop/pod"),
            (.marathon, "shop_my.app.instance-\(uuid)._app.1", "my.app.shop", "/shop/my.app"),
            (.marathon, "app-15.\(uuid)", "app-15.\(uuid)", "/app-15"),
            (.marathon, "something-else", "cart.shop", "/shop/cart"),
            (.metronome, "report_20160715130259A34HX.\(uuid)", "20160715130259A34HX.report", "report"),
            (.metronome, "shop_report_20160715130259A34HX.instance-\(uuid)._app.1", "", "shop.report"),
            (.chronos, "ct:1420843781398:0:report:", "ChronosTask:report", "report"),
            (.chronos, "ct:1420843781398:0:report:arg", "", "report"),
            (.compose, "shop_cart.\(uuid).0", "mc:shop:cart", "mc:shop:cart"),
        ])
    func naming(naming: TaskClaim.Naming, id: String, name: String, service: String) {
        let claim = TaskClaim(framework: marathon.id, naming: naming, services: [service])
        #expect(claim.service(of: task(id, name)) == service)
        #expect(Completeness(of: state([task(id, name)]), claims: [claim], ignored: []).isComplete)
        let nothing = TaskClaim(framework: marathon.id, naming: naming, services: ["/shop"])
        #expect(!Completeness(of: state([task(id, name)]), claims: [nothing], ignored: []).isComplete)
    }

    @Test("must be of a source's service, or the plan says of which framework it is")
    func unclaimed() {
        let tasks = [
            task("shop_cart.instance-\(uuid)._app.1", "cart.shop"),
            task("infra_dns.instance-\(uuid)._app.1", "dns.infra"),
            task("infra_dns.instance-\(uuid)._app.2", "dns.infra"),
            task("executor-7", "etl", of: other), task("gone", "x", of: MesosFramework(id: "M-9", name: "")),
        ]
        let claim = TaskClaim(framework: marathon.id, naming: .marathon, services: ["/shop/cart"])
        let completeness = Completeness(of: state(tasks), claims: [claim], ignored: [])
        #expect(
            completeness.sentences == [
                "/infra/dns of framework marathon (M-0000) is in no source and not ignored: 2 tasks, such as "
                    + "infra_dns.instance-\(uuid)._app.1; give it a source, or ignore it in services.ignore",
                "framework spark (M-0001, disconnected) is no source and not ignored: task executor-7. Declare what "
                    + "moves it, in services.sources as `declared` with `tasks: [ \"spark/*\" ]`, or ignore that in "
                    + "services.ignore",
                "framework unknown framework (M-9) is no source and not ignored: task gone. Declare what moves it, in "
                    + "services.sources as `declared` with `tasks: [ \"unknown framework/*\" ]`, or ignore that in "
                    + "services.ignore",
            ])
        #expect(Completeness(of: state(tasks), claims: [claim], ignored: ["/infra/*", "spark/*", "*/x"]).isComplete)
        #expect(Completeness(of: state(tasks), claims: [claim], ignored: ["*"]).isComplete)
    }

    @Test("of a framework that is no source is named once, with its framework")
    func framework() throws {
        let m3s = MesosFramework(id: "K-0001", name: "m3s")
        let tasks = ["server", "agent"].map { task("k3s-\($0)", "m3s:\($0)", of: m3s) }
        let found = Completeness(of: state(tasks, m3s), claims: [claimOfCart], ignored: [])
        #expect(found.unclaimed.map(\.framework.name) == ["m3s"])
        #expect(
            found.sentences.first?.hasPrefix(
                "framework m3s (K-0001) is no source and not ignored: 2 tasks, such as k3s-agent. Declare what moves it"
            ) == true)
        // What is declared gives its patterns here.
        #expect(Completeness(of: state(tasks, m3s), claims: [claimOfCart], ignored: ["m3s/*"]).isComplete)
    }

    @Test(
        "may be launched by a framework that has none now, and is no source",
        arguments: [(nil, false), ("airflow/*", true), ("airflow/dag-7", true), ("*", true), ("kafka/*", false)])
    func idle(pattern: String?, isComplete: Bool) {
        let airflow = MesosFramework(id: "A-0001", name: "airflow")
        let found = Completeness(of: state([], airflow), claims: [claimOfCart], ignored: [pattern].compactMap { $0 })
        #expect(found.isComplete == isComplete)
        #expect(found.unclaimed.map(\.framework.name) == (isComplete ? [] : ["airflow"]))
    }

    @Test("is looked for among the services of its own framework only")
    func frameworks() {
        let claim = TaskClaim(framework: marathon.id, naming: .marathon, services: ["/shop/cart"])
        let foreign = task("shop_cart.instance-\(uuid)._app.1", "cart.shop", of: other)
        #expect(
            Completeness(of: state([foreign]), claims: [claim], ignored: []).unclaimed.map(\.framework) == [other])
    }

    @Test("may be of either of two sources that share a framework")
    func shared() {
        let claims = [
            TaskClaim(framework: marathon.id, naming: .marathon, services: ["/shop/cart"]),
            TaskClaim(framework: marathon.id, naming: .marathon, services: ["/pay/card"]),
        ]
        let tasks = ["shop_cart", "pay_card"].map { task("\($0).instance-\(uuid)._app.1") }
        #expect(Completeness(of: state(tasks), claims: claims, ignored: []).isComplete)
    }

    @Test("counts while it may still run, and not when it has ended")
    func states() {
        for (name, counts) in [
            ("TASK_STAGING", true), ("TASK_UNREACHABLE", true), ("TASK_KILLING", true), ("TASK_FINISHED", false),
            ("TASK_LOST", false), ("TASK_GONE_BY_OPERATOR", false),
        ] {
            var left = task("t")
            left.state = MesosTaskState(rawValue: name)
            #expect(
                Completeness(of: state([left]), claims: [claimOfCart], ignored: []).isComplete == !counts, "\(name)")
        }
    }
}
