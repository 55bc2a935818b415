import Clusters
import Foundation
import JSON
import Testing
import Transport

@Suite(
    "The sandbox's scheduler on a real Mesos that breaks",
    .enabled(if: !RealMesos.isAbsent, "RZ_TEST_MESOS names no folder with a real Mesos"))
struct BreakingMesosTests {
    private static let app: JSON = [
        "id": "/sleeper", "cmd": "exec sleep 1000", "cpus": 0.1, "mem": 32, "instances": 2,
        "taskKillGracePeriodSeconds": 1,
    ]

    @Test("keeps the tasks of an agent whose process is killed and comes back")
    func agentRecovered() async throws {
        try await RealMesos.with { mesos in
            try await MesosScheduler.with(mesos) { scheduler in
                try await scheduler.call(.post, "/v2/apps", Self.app)
                let tasks = try await scheduler.waitUntilReady("/sleeper", 2)
                mesos.killAgent(0)
                try await mesos.startAgent(0)
                try await eventually("the agent is back") {
                    try await mesos.master.agents().contains(where: \.isActive)
                }
                try await scheduler.call(.put, "/v2/apps/sleeper", ["instances": 3])
                #expect(Set(try await scheduler.waitUntilReady("/sleeper", 3)).isSuperset(of: tasks))
            }
        }
    }

    @Test("replaces the tasks of an agent that stays away, and ends the old ones when it returns")
    func agentLost() async throws {
        try await RealMesos.with(agents: [RealMesos.AgentSpecification(), RealMesos.AgentSpecification()]) { mesos in
            try await MesosScheduler.with(mesos) { scheduler in
                try await scheduler.call(.post, "/v2/apps", Self.app)
                let tasks = try await scheduler.waitUntilReady("/sleeper", 2)
                mesos.pauseAgent(0)
                try await eventually("the lost task is replaced") {
                    let ready = try await scheduler.ready("/sleeper")
                    return ready.count == 2 && ready != tasks
                }
                let replaced = try await scheduler.ready("/sleeper")
                mesos.continueAgent(0)
                try await eventually("the old task is ended") {
                    let state = try await mesos.master.state()
                    return state.agents.filter(\.isActive).count == 2 && state.tasks.map(\.id).sorted() == replaced
                }
                #expect(try await scheduler.waitUntilReady("/sleeper", 2) == replaced)
            }
        }
    }

    @Test("keeps its tasks and its id when the master fails over")
    func masterFailover() async throws {
        try await RealMesos.with { mesos in
            try await MesosScheduler.with(mesos) { scheduler in
                try await scheduler.call(.post, "/v2/apps", Self.app)
                let tasks = try await scheduler.waitUntilReady("/sleeper", 2)
                let framework = try await scheduler.frameworkID()
                mesos.killMaster()
                // Asked for while there is no master: it is done when there is one again.
                try await scheduler.call(.put, "/v2/apps/sleeper", ["instances": 3])
                try await mesos.startMaster()
                #expect(Set(try await scheduler.waitUntilReady("/sleeper", 3)).isSuperset(of: tasks))
                #expect(try await scheduler.frameworkID() == framework)
                let state = try await mesos.master.state()
                #expect(state.tasks.count == 3)
                #expect(state.frameworks.count == 1 && state.frameworks[0].isConnected)
            }
        }
    }

    @Test("begins again when the master has removed its framework")
    func removed() async throws {
        try await RealMesos.with { mesos in
            try await MesosScheduler.with(mesos) { scheduler in
                try await scheduler.call(.post, "/v2/apps", Self.app)
                let tasks = try await scheduler.waitUntilReady("/sleeper", 2)
                let framework = try #require(try await scheduler.frameworkID())
                _ = try await HTTPClient.shared.send(
                    HTTPRequest(.post, mesos.url + "/master/teardown", body: Array("frameworkId=\(framework)".utf8)))
                try await eventually("there is another framework with other tasks") {
                    let ready = try await scheduler.ready("/sleeper")
                    let id = try await scheduler.frameworkID()
                    return ready.count == 2 && Set(ready).isDisjoint(with: tasks) && id != nil && id != framework
                }
            }
        }
    }

    @Test("ends when another scheduler takes its framework over")
    func superseded() async throws {
        try await RealMesos.with { mesos in
            try await MesosScheduler.with(mesos) { scheduler in
                let framework = try #require(try await scheduler.frameworkID())
                let info: JSON = [
                    "user": "root", "name": "marathon", "id": ["value": .string(framework)], "role": "*",
                    "checkpoint": true, "failover_timeout": 604_800,
                ]
                let body: JSON = [
                    "type": "SUBSCRIBE", "framework_id": ["value": .string(framework)],
                    "subscribe": ["framework_info": info, "force": true],
                ]
                let stream = try await HTTPClient.shared.stream(
                    HTTPRequest(
                        .post, mesos.url + "/api/v1/scheduler",
                        headers: [
                            HTTPHeader("Content-Type", "application/json"), HTTPHeader("Accept", "application/json"),
                        ], body: Array(body.compact.utf8)))
                #expect(stream.status == 200)
                #expect(await scheduler.failure()?.contains("ends the framework") == true)
                withExtendedLifetime(stream) {}
            }
        }
    }
}
