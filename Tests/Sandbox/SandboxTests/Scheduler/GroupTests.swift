import JSON
import Testing

@testable import Sandbox

@Suite("Groups in the sandbox's scheduler")
struct GroupTests {
    private static let shop = """
        {"id":"/shop","dependencies":["/infra"],
         "groups":[{"id":"front","dependencies":["../back"],"apps":[{"id":"web","cmd":"w"},{"id":"lb","cmd":"l"}]},
                   {"id":"back","apps":[{"id":"db","cmd":"d"},{"id":"api","cmd":"a","dependencies":["../db"]}]}]}
        """

    @Test("are made whole by one POST, with ids read from the group around them")
    func creation() throws {
        var state = SchedulerState.empty
        let reply = try respond("POST", ["v2", "groups"], Self.shop, &state)
        #expect(reply.status == 201)
        #expect(reply.headers.contains { $0 == ("Location", "/shop") })
        #expect(
            state.ids(of: .app).map(\.description) == [
                "/shop/back/api", "/shop/back/db", "/shop/front/lb", "/shop/front/web",
            ])
        let shown = try JSON(parsing: respond("GET", ["v2", "groups", "shop"], nil, &state).body)
        #expect(shown["dependencies"] == ["/infra"])
        #expect(shown["groups"]?[1]?["dependencies"] == ["/shop/back"])
        let again = try respond("POST", ["v2", "groups"], Self.shop, &state)
        #expect(again.status == 409)
        #expect(again.text.contains("Group /shop is already created. Use PUT to change this group."))
    }

    @Test("start layer after layer: what an app or a group around it depends on comes first")
    func layers() throws {
        var state = SchedulerState.empty
        _ = try respond("POST", ["v2", "apps"], #"{"id":"/infra/dns","cmd":"x"}"#, &state)
        _ = try respond("POST", ["v2", "groups"], Self.shop, &state)
        let deployments = try JSON(parsing: respond("GET", ["v2", "deployments"], nil, &state).body)
        let steps = (deployments[1]?["steps"]?.array ?? []).map { step in
            (step["actions"]?.array ?? []).map { "\($0["action"]?.string ?? "") \($0["app"]?.string ?? "")" }
        }
        #expect(
            steps == [
                [
                    "StartApplication /shop/back/api", "StartApplication /shop/back/db",
                    "StartApplication /shop/front/lb", "StartApplication /shop/front/web",
                ],
                ["ScaleApplication /shop/back/db"], ["ScaleApplication /shop/back/api"],
                ["ScaleApplication /shop/front/lb", "ScaleApplication /shop/front/web"],
            ])
    }

    @Test("lose by PUT what the document's lists leave out, and only report so in a dry run")
    func replacement() throws {
        var state = SchedulerState.empty
        _ = try respond("POST", ["v2", "groups"], Self.shop, &state)
        let update = #"{"groups":[{"id":"back","apps":[{"id":"db","cmd":"d2"},{"id":"cache","cmd":"c"}]}]}"#
        let before = state.revision
        let dry = try respond(
            "PUT", ["v2", "groups", "shop"], update, &state, query: [("dryRun", "true")])
        let actions = try JSON(parsing: dry.body)["steps"]?.array?.flatMap { $0["actions"]?.array ?? [] } ?? []
        #expect(
            actions.map { "\($0["action"]?.string ?? "") \($0["app"]?.string ?? "")" } == [
                "StopApplication /shop/back/api", "StopApplication /shop/front/lb", "StopApplication /shop/front/web",
                "StartApplication /shop/back/cache", "ScaleApplication /shop/back/cache",
                "RestartApplication /shop/back/db",
            ])
        #expect(state.revision == before && state.ids(of: .app).count == 4)
        let locked = try respond("PUT", ["v2", "groups", "shop"], update, &state)
        #expect(locked.status == 409)
        let forced = try respond("PUT", ["v2", "groups", "shop"], update, &state, query: [("force", "true")])
        #expect(forced.status == 200)
        #expect(state.ids(of: .app).map(\.description) == ["/shop/back/cache", "/shop/back/db"])
        #expect(state.groups[PathID("/shop/front")] == nil)
        #expect(state.groups[PathID("/shop")]?.dependencies == [PathID("/infra")])
    }

    @Test("are scaled by a factor, and go back to an earlier version")
    func scaleAndVersions() throws {
        var state = SchedulerState.empty
        let created = try respond("POST", ["v2", "groups"], Self.shop, &state)
        let version = try #require(try JSON(parsing: created.body)["version"]?.string)
        let force = [("force", "true")]
        _ = try respond("PUT", ["v2", "groups", "shop"], #"{"scaleBy":2.5}"#, &state, query: force)
        #expect(state.app(PathID("/shop/back/db"))?.definition.instances == 3)
        _ = try respond("DELETE", ["v2", "groups", "shop", "front"], nil, &state, query: force)
        #expect(state.ids(of: .app).count == 2)
        let versions = try JSON(parsing: respond("GET", ["v2", "groups", "shop", "versions"], nil, &state).body)
        #expect(versions.array?.last?.string == version)
        let old = try JSON(
            parsing: respond("GET", ["v2", "groups", "shop", "versions", version], nil, &state).body)
        #expect(old["groups"]?.array?.count == 2)
        let back = try respond(
            "PUT", ["v2", "groups", "shop"], "{\"version\":\"\(version)\"}", &state, query: force)
        #expect(back.status == 200)
        #expect(state.ids(of: .app).count == 4)
        #expect(state.app(PathID("/shop/back/db"))?.definition.instances == 1)
        #expect(state.groups[PathID("/shop/front")]?.dependencies == [PathID("/shop/back")])
        let unknown = #"{"version":"2015-01-01T00:00:00.000Z"}"#
        let refused = try respond("PUT", ["v2", "groups", "shop"], unknown, &state, query: force)
        #expect(refused.status == 422)
    }

    @Test("give their services the role of the top-level group when they enforce it")
    func roles() throws {
        var state = SchedulerState.empty
        let group = #"{"id":"/dev","enforceRole":true,"groups":[{"id":"a","apps":[{"id":"x","cmd":"c"}]}]}"#
        #expect(try respond("POST", ["v2", "groups"], group, &state).status == 201)
        #expect(state.app(PathID("/dev/a/x"))?.definition.role == "dev")
        let other = try respond("POST", ["v2", "apps"], #"{"id":"/dev/y","cmd":"c","role":"*"}"#, &state)
        #expect(other.status == 422 && other.text.contains("\"/role\""))
        let patched = try respond("PATCH", ["v2", "groups", "dev"], #"{"enforceRole":false}"#, &state)
        #expect(patched.status == 200)
        #expect(try respond("POST", ["v2", "apps"], #"{"id":"/dev/y","cmd":"c","role":"*"}"#, &state).status == 201)
        let nested = try respond("PATCH", ["v2", "groups", "dev", "a"], #"{"enforceRole":true}"#, &state)
        #expect(nested.status == 422)
    }

    @Test(
        "are refused with the place of what is wrong",
        arguments: [
            (#"{"id":"/g","apps":[{"id":"a"}]}"#, 422, "/apps(0)"),
            (
                #"{"id":"/g","groups":[{"id":"h","apps":[{"id":"ok","cmd":"x"},{"id":"a","cmd":7}]}]}"#, 400,
                "/groups(0)/apps(1)/cmd"
            ),
            (#"{"id":"/g","groups":[{"apps":[]}]}"#, 400, "/groups(0)/id"),
            (#"{"id":"/G"}"#, 422, "/id"),
            (#"{"id":"/g","groups":[{"id":"/elsewhere/h"}]}"#, 422, "is not child of '/g'"),
            (
                #"{"id":"/g","apps":[{"id":"h","cmd":"x"}],"groups":[{"id":"h","apps":[{"id":"i","cmd":"x"}]}]}"#, 422,
                "same identifier"
            ),
            (
                #"{"id":"/g","groups":[{"id":"a","dependencies":["../b"],"apps":[{"id":"x","cmd":"c"}]},{"id":"b","dependencies":["../a"],"apps":[{"id":"y","cmd":"c"}]}]}"#,
                422, "cyclic"
            ),
        ])
    func refusals(body: String, status: Int, message: String) throws {
        var state = SchedulerState.empty
        let reply = try respond("POST", ["v2", "groups"], body, &state)
        #expect(reply.status == status)
        #expect(reply.text.contains(message), "\(reply.text)")
        #expect(state.apps.isEmpty && state.groups.count == 1)
    }

    @Test("stay when their last app goes, and make room for an app of their name")
    func emptyGroups() throws {
        var state = SchedulerState.empty
        _ = try respond("POST", ["v2", "apps"], #"{"id":"/a/b","cmd":"c"}"#, &state)
        _ = try respond("DELETE", ["v2", "apps", "a", "b"], nil, &state)
        #expect(try respond("GET", ["v2", "groups", "a"], nil, &state).status == 200)
        #expect(try respond("POST", ["v2", "apps"], #"{"id":"/a","cmd":"c"}"#, &state).status == 201)
        #expect(try respond("GET", ["v2", "groups", "a"], nil, &state).status == 404)
    }

    @Test("go again with the rollback of the deployment that made them, and get back what it changed")
    func rollback() throws {
        var state = SchedulerState.empty
        _ = try respond("POST", ["v2", "groups"], #"{"id":"/g","dependencies":["/x"]}"#, &state)
        _ = state.settle(.now)
        let update = #"{"dependencies":["/y"],"groups":[{"id":"new","apps":[{"id":"a","cmd":"c"}]}]}"#
        let reply = try respond("PUT", ["v2", "groups", "g"], update, &state)
        let deployment = try #require(try JSON(parsing: reply.body)["deploymentId"]?.string)
        #expect(state.groups[PathID("/g")]?.dependencies == [PathID("/y")])
        #expect(try respond("DELETE", ["v2", "deployments", deployment], nil, &state).status == 200)
        #expect(state.groups[PathID("/g")]?.dependencies == [PathID("/x")])
        #expect(state.groups[PathID("/g/new")] == nil && state.apps.isEmpty)
    }

    @Test("survive a restart of the scheduler, with the versions before")
    func durability() async throws {
        try await TestCluster.with { cluster in
            let group = #"{"id":"/g","dependencies":["/x"],"groups":[{"id":"h","apps":[]}]}"#
            let created = try await cluster.client.send("POST", "/v2/groups", group)
            let version = try #require(created.json?["version"]?.string)
            _ = try await cluster.client.send("PUT", "/v2/apps/g/web", #"{"cmd":"exec sleep 300","instances":0}"#)
            await cluster.stop()
            try await cluster.start()
            let shown = try await cluster.client.send("GET", "/v2/groups/g").json
            #expect(shown?["dependencies"] == ["/x"])
            #expect(shown?["groups"]?[0]?["id"]?.string == "/g/h")
            let old = try await cluster.client.send("GET", "/v2/groups/g/versions/\(version)").json
            #expect(old?["apps"]?.array?.isEmpty == true)
        }
    }

    @Test("refuse a hundred and first deployment")
    func limit() throws {
        var state = SchedulerState.empty
        for number in 0..<100 {
            #expect(
                try respond("POST", ["v2", "apps"], "{\"id\":\"/a\(number)\",\"cmd\":\"c\"}", &state).status == 201)
        }
        let refused = try respond("POST", ["v2", "apps"], #"{"id":"/one-more","cmd":"c"}"#, &state)
        #expect(refused.status == 403)
        #expect(refused.text.contains("Max number (100) of running deployments is achieved."))
    }
}

extension SchedulerState {
    /// A scheduler that knows nothing and no agents.
    static var empty: SchedulerState { SchedulerState(frameworkID: "f", seed: 1, at: .now) }
}

extension APIResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}
