import Foundation
import Migration
import Operations
import Runbooks
import Testing

@Suite("The files that are shipped")
struct ShippedFilesTests {
    @Test("hold valid environments, each fit for its runbook")
    func environments() throws {
        let folder = try ProjectFolder(root: checkout.path)
        let names = try folder.environments()
        #expect(names == ["aws", "example", "mesos-compose", "sandbox"])
        for name in names {
            let environment = try folder.environment(name)
            try validateRunbook(try folder.runbook(environment.runbook), with: environment)
        }
    }

    @Test("describe the sandbox as it is")
    func sandbox() throws {
        let sandbox = try ProjectFolder(root: checkout.path).environment("sandbox")
        #expect(sandbox.git.requireClean == false)
        #expect(sandbox.provision.terraform?.colors[.green]?["image"] == "debian-12.11")
        #expect(sandbox.provision.static?.command == ["python3", "static.py", "--sandbox=${rz:home}/sandbox"])
        #expect(sandbox.loadBalancers.map(\.name) == ["edge-1", "edge-2"])
        #expect(sandbox.loadBalancers[1].haproxy?.socket == "unix:${rz:home}/sandbox/haproxy/edge-2.sock")
        #expect(sandbox.gates.cutOver.steps.map(\.share) == [Percent(10), Percent(50), .all])
        #expect(sandbox.approvals == [.cutOver: .count(0), .tearDown: .waived(reason: "sandbox")])
    }

    @Test("have a runbook that uses every built-in step once")
    func runbook() throws {
        let runbook = try ProjectFolder(root: checkout.path).runbook("rz-update")
        let used = [Phase].rzUpdate.map(\.id).flatMap { runbook.phases[$0]?.steps ?? [] }.map(\.work)
        #expect(used == Operation.rzUpdate.steps.filter { $0.standsFor == nil }.map(\.use).map { .builtIn($0) })
    }
}

extension LoadBalancerAddress {
    var haproxy: HAProxy? { if case .haproxy(let haproxy) = kind { haproxy } else { nil } }
}
