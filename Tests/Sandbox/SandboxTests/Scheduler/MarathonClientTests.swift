import JSON
import Testing

@testable import Sandbox

@Suite(
    "Clients of Marathon written by others work against the sandbox's scheduler",
    .enabled(if: IndependentClients.areThere, "there is no .venv-clients: run scripts/setup, which needs Python 3.11"))
struct MarathonClientTests {
    @Test(
        "marathon-python leads apps and deployments, and hears the events",
        arguments: ["apps.py", "deployments.py", "events.py"])
    func library(script: String) async throws {
        try await TestCluster.with { cluster in
            let outcome = try await IndependentClients.script(script, cluster.url)
            #expect(outcome.isDone, "\(outcome.text)")
        }
    }

    @Test("marathon-python gets in with the right account only")
    func credentials() async throws {
        try await TestCluster.with(configure: {
            $0.credentials = SchedulerCredentials(user: "rz", password: "s3cret:with:colons")
        }) {
            cluster in
            let outcome = try await IndependentClients.script("credentials.py", cluster.url)
            #expect(outcome.isDone, "\(outcome.text)")
        }
    }

    @Test("marathon-deploy puts, scales, retags and restarts an app, and counts its instances")
    func marathonDeploy() async throws {
        try await TestCluster.with { cluster in
            let deploy = { (arguments: String...) in
                try await IndependentClients.run("marathon-deploy", ["--marathon", cluster.url] + arguments)
            }
            let file = "\(cluster.folder)/web.json"
            let definition = """
                {"id":"/shop/web","instances":1,"cpus":0.1,"mem":16,
                 "container":{"type":"DOCKER","docker":{"image":"registry.example/web:1","network":"HOST"}}}
                """
            try File.replace(file, with: Array(definition.utf8))
            let put = try await deploy("--put", file)
            #expect(put.status == 0, "\(put.text)")
            try await cluster.waitUntilDeployed("/shop/web", instances: 1)
            let scaled = try await deploy("--appid", "/shop/web", "--scale", "2")
            #expect(scaled.status == 0, "\(scaled.text)")
            try await cluster.waitUntilDeployed("/shop/web", instances: 2)
            let count = try await deploy("--appid", "shop/web", "--instances")
            #expect(count.text.hasSuffix("2\n"), "\(count.text)")
            let retagged = try await deploy("--appid", "/shop/web", "--tag", "2")
            #expect(retagged.status == 0, "\(retagged.text)")
            try await cluster.waitUntilDeployed("/shop/web", instances: 2)
            let app = try await cluster.client.send("GET", "/v2/apps/shop/web").json?["app"]
            #expect(app?["container"]?["docker"]?["image"]?.string == "registry.example/web:2")
            let restarted = try await deploy("--appid", "/shop/web", "--restart")
            #expect(restarted.status == 0, "\(restarted.text)")
            try await cluster.waitUntilDeployed("/shop/web", instances: 2)
            #expect(try cluster.count("launched", app: "/shop/web") == 6)
        }
    }

    @Test("shpkpr deploys one app or several, waits for them, and shows them")
    func shpkpr() async throws {
        try await TestCluster.with { cluster in
            let shpkpr = { (arguments: [String]) in
                try await IndependentClients.run("shpkpr", arguments + ["--marathon-url", cluster.url])
            }
            for name in ["web", "db"] {
                let template =
                    #"{"id":"/shop/\#(name)","cmd":"exec sleep 300","cpus":0.1,"mem":16,"instances":{{INSTANCES}}}"#
                try File.replace("\(cluster.folder)/\(name).json.tmpl", with: Array(template.utf8))
            }
            let directory = ["--template-dir", cluster.folder]
            let one = try await shpkpr(["apps", "deploy", "-t", "web.json.tmpl"] + directory + ["INSTANCES=2"])
            #expect(one.status == 0, "\(one.text)")
            #expect(one.text.contains("Marathon deployment complete"))
            #expect(try await cluster.deployments() == 0)
            let both = try await shpkpr(
                ["apps", "deploy", "-t", "web.json.tmpl", "-t", "db.json.tmpl"] + directory + ["INSTANCES=1"])
            #expect(both.status == 0, "\(both.text)")
            try await cluster.waitUntilDeployed("/shop/web", instances: 1)
            let list = try await shpkpr(["apps", "show"])
            let apps = try #require(try? JSON(parsing: list.text).array, "\(list.text)")
            #expect(apps.compactMap { $0["id"]?.string } == ["/shop/db", "/shop/web"])
            let shown = try await shpkpr(["apps", "show", "-a", "/shop/db"])
            #expect(try JSON(parsing: shown.text)["tasksRunning"]?.int == 1, "\(shown.text)")
        }
    }
}
