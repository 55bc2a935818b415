import JSON
import Migration
import Testing

@testable import Clusters

@Suite("Two apps are the same")
struct FingerprintTests {
    @Test(
        "when only what Marathon fills in differs",
        arguments: [
            (
                #"{"id":"/a"}"#,
                #"{"id":"/a","cpus":1.0,"mem":128,"disk":0.0,"gpus":0,"env":{},"labels":{},"instances":7}"#
            ),
            (
                #"{"id":"/a"}"#,
                #"""
                {"id":"/a","backoffSeconds":1,"backoffFactor":1.15,"maxLaunchDelaySeconds":300,"requirePorts":false,
                 "killSelection":"YOUNGEST_FIRST","upgradeStrategy":{"minimumHealthCapacity":1.0,"maximumOverCapacity":1},
                 "unreachableStrategy":{"inactiveAfterSeconds":0,"expungeAfterSeconds":0},"networks":[{"mode":"host"}],
                 "role":"*","constraints":[],"dependencies":[],"fetch":[],"healthChecks":[],"readinessChecks":[],"secrets":{}}
                """#
            ),
            (
                #"{"id":"/a","upgradeStrategy":{"minimumHealthCapacity":0.5}}"#,
                #"{"id":"/a","upgradeStrategy":{"maximumOverCapacity":1,"minimumHealthCapacity":0.5}}"#
            ),
            (
                #"{"id":"/a","container":{"type":"MESOS","volumes":[{"containerPath":"d","mode":"RW","persistent":{"size":1}}]}}"#,
                #"""
                {"id":"/a","container":{"type":"MESOS","volumes":[{"containerPath":"d","mode":"RW","persistent":{"size":1}}]},
                 "upgradeStrategy":{"minimumHealthCapacity":0.5,"maximumOverCapacity":0},"unreachableStrategy":"disabled"}
                """#
            ),
            (
                #"{"id":"/a","healthChecks":[{"path":"/h"}],"portDefinitions":[{"port":10001}]}"#,
                #"""
                {"id":"/a","healthChecks":[{"gracePeriodSeconds":300,"intervalSeconds":60,"timeoutSeconds":20,"delaySeconds":15,
                 "maxConsecutiveFailures":3,"protocol":"HTTP","ignoreHttp1xx":false,"ipProtocol":"IPv4","portIndex":0,
                 "path":"/h"}],"portDefinitions":[{"port":10001,"protocol":"tcp","labels":{}}]}
                """#
            ),
            (
                #"{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i"},"portMappings":[{"containerPort":80}]},"networks":[{"mode":"container/bridge"}]}"#,
                #"""
                {"id":"/a","container":{"type":"DOCKER","docker":{"image":"i","forcePullImage":false,"privileged":false,
                 "parameters":[]},"volumes":[],"portMappings":[{"containerPort":80,"hostPort":0,"servicePort":0,
                 "protocol":"tcp","labels":{}}]},"networks":[{"mode":"container/bridge"}],"requirePorts":false}
                """#
            ),
            (
                #"{"id":"/a","fetch":[{"uri":"u"}],"readinessChecks":[{}]}"#,
                #"""
                {"id":"/a","fetch":[{"uri":"u","extract":true,"executable":false,"cache":false}],
                 "readinessChecks":[{"name":"readinessCheck","protocol":"HTTP","path":"/","portName":"http-api",
                 "intervalSeconds":30,"timeoutSeconds":10,"httpStatusCodesForReady":[200],"preserveLastResponse":false}]}
                """#
            ),
            (
                #"{"id":"/g/a","dependencies":["../b","/g/c"],"constraints":[["x","UNIQUE"],["y","LIKE","z"]],"acceptedResourceRoles":["*","p"]}"#,
                #"{"id":"/g/a","dependencies":["/g/c","/g/b"],"constraints":[["y","LIKE","z"],["x","UNIQUE"]],"acceptedResourceRoles":["p","*"]}"#
            ),
        ])
    func same(one: String, other: String) throws {
        #expect(try definition(one).fingerprint == definition(other).fingerprint)
    }

    @Test("when one is the answer of Marathon 1.4 and the other that of 1.5")
    func versions() throws {
        let old = #"""
            {"id":"/shop/cart","cmd":null,"args":null,"user":null,"env":{"A":"b"},"instances":3,"cpus":0.5,"mem":64,"disk":0,
             "gpus":0,"executor":"","constraints":[["hostname","UNIQUE"]],"uris":["http://h/app.tgz"],
             "fetch":[{"uri":"http://h/app.tgz","extract":true,"executable":false,"cache":false}],"storeUrls":[],
             "backoffSeconds":1,"backoffFactor":1.15,"maxLaunchDelaySeconds":300,
             "container":{"type":"DOCKER","volumes":[],"docker":{"image":"cart:7","network":"BRIDGE","portMappings":[
              {"containerPort":8080,"hostPort":0,"servicePort":10007,"protocol":"tcp","labels":{}}],"privileged":false,
              "parameters":[],"forcePullImage":false}},
             "healthChecks":[{"gracePeriodSeconds":300,"intervalSeconds":5,"timeoutSeconds":20,"maxConsecutiveFailures":3,
              "portIndex":0,"path":"/health","protocol":"HTTP","ignoreHttp1xx":false}],"readinessChecks":[],
             "dependencies":["/shop/db"],"upgradeStrategy":{"minimumHealthCapacity":1,"maximumOverCapacity":1},"labels":{},
             "acceptedResourceRoles":null,"ipAddress":null,"version":"2017-01-01T00:00:00.000Z","residency":null,
             "secrets":{},"taskKillGracePeriodSeconds":null,"ports":[10007],"portDefinitions":[{"port":10007,
              "protocol":"tcp","labels":{}}],"requirePorts":false,"versionInfo":{"lastScalingAt":"x"},"tasksStaged":0,
             "tasksRunning":3,"tasksHealthy":3,"tasksUnhealthy":0,"deployments":[]}
            """#
        let new = #"""
            {"id":"/shop/cart","backoffFactor":1.15,"backoffSeconds":1,"constraints":[["hostname","UNIQUE"]],
             "container":{"type":"DOCKER","docker":{"forcePullImage":false,"image":"cart:7","parameters":[],
              "privileged":false},"volumes":[],"portMappings":[{"containerPort":8080,"hostPort":0,"labels":{},
              "protocol":"tcp","servicePort":10007}]},"cpus":0.5,"dependencies":["/shop/db"],"disk":0,"env":{"A":"b"},
             "executor":"","fetch":[{"uri":"http://h/app.tgz","extract":true,"executable":false,"cache":false}],
             "healthChecks":[{"gracePeriodSeconds":300,"ignoreHttp1xx":false,"intervalSeconds":5,
              "maxConsecutiveFailures":3,"path":"/health","portIndex":0,"protocol":"HTTP","ipProtocol":"IPv4",
              "timeoutSeconds":20,"delaySeconds":15}],"instances":3,"labels":{},"maxLaunchDelaySeconds":300,"mem":64,
             "gpus":0,"networks":[{"mode":"container/bridge"}],"requirePorts":false,
             "upgradeStrategy":{"maximumOverCapacity":1,"minimumHealthCapacity":1},"version":"2020","versionInfo":{},
             "killSelection":"YOUNGEST_FIRST","unreachableStrategy":{"inactiveAfterSeconds":0,"expungeAfterSeconds":0},
             "role":"*"}
            """#
        #expect(try definition(old).fingerprint == definition(new).fingerprint)
    }

    @Test(
        "and not when one of these differs",
        arguments: [
            #""cmd":"y""#, #""cpus":2"#, #""env":{"A":"B"}"#, #""env":{"A":{"secret":"s"}}"#, #""labels":{"a":"b"}"#,
            #""portDefinitions":[{"port":10001}]"#, #""healthChecks":[{"path":"/x"}]"#,
            #""networks":[{"mode":"container","name":"n"}]"#,
            #""upgradeStrategy":{"minimumHealthCapacity":0.5}"#, #""unreachableStrategy":"disabled""#,
            #""role":"prod""#,
            #""dependencies":["/b"]"#, #""constraints":[["hostname","UNIQUE"]]"#, #""unknown":false"#,
            #""container":{"type":"MESOS","volumes":[{"containerPath":"/d","hostPath":"/d","mode":"RO"}]}"#,
        ])
    func different(field: String) throws {
        #expect(try definition(#"{"id":"/a"}"#).fingerprint != definition("{\"id\":\"/a\",\(field)}").fingerprint)
    }

    @Test("and not when their healthiness is asked at another port")
    func healthPort() throws {
        let one = try definition(#"{"id":"/a","healthChecks":[{"port":8080}]}"#)
        #expect(try one.fingerprint != definition(#"{"id":"/a","healthChecks":[{"portIndex":0}]}"#).fingerprint)
    }

    @Test(
        "as their own copies, for every collected app", .disabled(if: Fixtures.isAbsent, "../shared/fixtures is absent")
    )
    func fixtures() throws {
        let apps = try Fixtures.apps()
        #expect(apps.count > 60)
        for (name, app) in apps {
            let definition = try MarathonDefinition(app)
            let copy = try MarathonDefinition(JSON(parsing: definition.text))
            #expect(copy == definition, "\(name): the copy of a copy differs")
            #expect(copy.fingerprint == definition.fingerprint, "\(name)")
            for key in ["version", "tasks", "deployments", "uris", "ports", "ipAddress", "residency"] {
                #expect(definition.json[key] == nil, "\(name): \(key) is left")
            }
            #expect(!(definition.json["portDefinitions"] != nil && app["container"]?["portMappings"] != nil), "\(name)")
        }
    }
}
