import JSON
import Migration
import Testing

@testable import Clusters

@Suite("The copy of an app definition")
struct CanonicalFormTests {
    struct Rule: Sendable, CustomTestStringConvertible {
        let name: String
        let before: String
        let after: String
        var testDescription: String { name }

        init(_ name: String, _ before: String, _ after: String) {
            self.name = name
            self.before = before
            self.after = after
        }
    }

    static let rules = [
        Rule(
            "leaves out what Marathon owns",
            #"""
            {"id":"/a","version":"v","versionInfo":{},"tasks":[],"tasksStaged":1,"tasksRunning":1,"tasksHealthy":1,
             "tasksUnhealthy":0,"deployments":[],"readinessCheckResults":[],"lastTaskFailure":{},"taskStats":{},
             "tasksStats":{},"storeUrls":[],"cmd":"x"}
            """#, #"{"id":"/a","cmd":"x"}"#),
        Rule(
            "keeps unknown fields untouched, in their order, with their numbers as written",
            #"{"zeta":{"b":1.50,"a":[1e3,{}]},"id":"/a","x-own":"ä","alpha":12345678901234567890}"#,
            #"{"zeta":{"b":1.50,"a":[1e3,{}]},"id":"/a","x-own":"ä","alpha":12345678901234567890}"#),
        Rule(
            "leaves out nulls, in depth too",
            #"{"id":"/a","cmd":null,"args":["x"],"container":{"type":"DOCKER","docker":{"image":"i","parameters":null}}}"#,
            #"{"id":"/a","args":["x"],"container":{"type":"DOCKER","docker":{"image":"i"}}}"#),
        Rule("makes the id absolute", #"{"id":"shop/cart"}"#, #"{"id":"/shop/cart"}"#),
        Rule("leaves out an empty executor", #"{"id":"/a","executor":""}"#, #"{"id":"/a"}"#),
        Rule("keeps an executor", #"{"id":"/a","executor":"//cmd"}"#, #"{"id":"/a","executor":"//cmd"}"#),
        Rule(
            "leaves out residency and keeps the unreachable strategy",
            #"{"id":"/a","residency":{"taskLostBehavior":"WAIT_FOREVER"},"unreachableStrategy":"disabled"}"#,
            #"{"id":"/a","unreachableStrategy":"disabled"}"#),
        Rule(
            "turns uris into fetch",
            #"{"id":"/a","uris":["http://h/a.tar.gz","http://h/b.bin","http://h/c.zip?token=1","http://h/d?x=.zip"]}"#,
            #"""
            {"id":"/a","fetch":[
             {"uri":"http://h/a.tar.gz","extract":true,"executable":false,"cache":false},
             {"uri":"http://h/b.bin","extract":false,"executable":false,"cache":false},
             {"uri":"http://h/c.zip?token=1","extract":true,"executable":false,"cache":false},
             {"uri":"http://h/d?x=.zip","extract":false,"executable":false,"cache":false}]}
            """#),
        Rule(
            "prefers fetch where both stand, as answers of before 1.5 have them",
            #"{"id":"/a","uris":["http://h/a.zip"],"fetch":[{"uri":"http://h/a.zip","extract":false}]}"#,
            #"{"id":"/a","fetch":[{"uri":"http://h/a.zip","extract":false}]}"#),
        Rule("leaves out empty uris", #"{"id":"/a","uris":[],"fetch":[]}"#, #"{"id":"/a","fetch":[]}"#),
        Rule(
            "turns ports into port definitions and keeps the numbers",
            #"{"id":"/a","ports":[10001,10002]}"#,
            #"{"id":"/a","portDefinitions":[{"port":10001,"protocol":"tcp"},{"port":10002,"protocol":"tcp"}]}"#),
        Rule(
            "prefers port definitions where both stand",
            #"{"id":"/a","ports":[10001],"portDefinitions":[{"port":10001,"protocol":"udp","name":"dns"}]}"#,
            #"{"id":"/a","portDefinitions":[{"port":10001,"protocol":"udp","name":"dns"}]}"#),
        Rule("keeps that an app has no port", #"{"id":"/a","ports":[]}"#, #"{"id":"/a","portDefinitions":[]}"#),
        Rule(
            "turns a bridge with its port mappings into a network, and keeps the service ports",
            #"""
            {"id":"/a","ports":[10005],"requirePorts":true,"container":{"type":"DOCKER","docker":{"image":"i","network":"BRIDGE",
             "portMappings":[{"containerPort":80,"hostPort":0,"servicePort":10005,"protocol":"tcp"}]}},"ipAddress":null}
            """#,
            #"""
            {"id":"/a","requirePorts":false,"container":{"type":"DOCKER","docker":{"image":"i"},
             "portMappings":[{"containerPort":80,"hostPort":0,"servicePort":10005,"protocol":"tcp"}]},
             "networks":[{"mode":"container/bridge"}]}
            """#),
        Rule(
            "turns the host's network into a network",
            #"{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i","network":"HOST","portMappings":[{"containerPort":1}]}}}"#,
            #"{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i"}},"networks":[{"mode":"host"}]}"#),
        Rule(
            "turns a named network into one, with its labels",
            #"""
            {"id":"/a","container":{"type":"DOCKER","docker":{"image":"i","network":"USER"}},
             "ipAddress":{"networkName":"dcos","labels":{"a":"b"},"groups":["x"]}}
            """#,
            #"""
            {"id":"/a","container":{"type":"DOCKER","docker":{"image":"i"}},
             "networks":[{"mode":"container","name":"dcos","labels":{"a":"b"}}]}
            """#),
        Rule(
            "leaves the name of a network to the cluster where there was none",
            #"{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i","network":"USER"}}}"#,
            #"{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i"}},"networks":[{"mode":"container"}]}"#),
        Rule(
            "turns an address without a name into a container's network, not the host's",
            #"{"id":"/a","cmd":"x","ipAddress":{}}"#, #"{"id":"/a","cmd":"x","networks":[{"mode":"container"}]}"#),
        Rule(
            "knows Mesos' own bridge by its name",
            #"{"id":"/a","ipAddress":{"networkName":"mesos-bridge"}}"#,
            #"{"id":"/a","networks":[{"mode":"container/bridge"}]}"#),
        Rule(
            "turns the ports of an address into port mappings",
            #"""
            {"id":"/a","ipAddress":{"networkName":"n","discovery":{"ports":[{"number":80,"name":"http","protocol":"tcp"}]}},
             "ports":[10000]}
            """#,
            #"""
            {"id":"/a","container":{"type":"MESOS","portMappings":[{"containerPort":80,"name":"http","protocol":"tcp"}]},
             "networks":[{"mode":"container","name":"n"}]}
            """#),
        Rule(
            "leaves a network that Marathon refuses for Marathon to refuse",
            #"{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i","network":"NONE"}}}"#,
            #"{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i","network":"NONE"}}}"#),
        Rule(
            "leaves a network that nobody knows for Marathon to refuse",
            #"{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i","network":"bogus"}}}"#,
            #"{"id":"/a","container":{"type":"DOCKER","docker":{"image":"i","network":"bogus"}}}"#),
        Rule(
            "prefers networks where both stand",
            #"{"id":"/a","networks":[{"mode":"container","name":"n"}],"container":{"docker":{"image":"i","network":"HOST"}}}"#,
            #"{"id":"/a","networks":[{"mode":"container","name":"n"}],"container":{"docker":{"image":"i"}}}"#),
        Rule(
            "has port mappings on a container's network only, and port definitions on the host's only",
            #"""
            {"id":"/a","networks":[{"mode":"container","name":"n"}],"portDefinitions":[{"port":1}],
             "container":{"type":"MESOS","portMappings":[{"containerPort":80}]}}
            """#,
            #"""
            {"id":"/a","networks":[{"mode":"container","name":"n"}],
             "container":{"type":"MESOS","portMappings":[{"containerPort":80}]}}
            """#),
        Rule(
            "keeps health checks, their protocol and their port as they are",
            #"{"id":"/a","healthChecks":[{"protocol":"HTTP","path":"/h","portIndex":0},{"protocol":"COMMAND","command":{"value":"x"}}]}"#,
            #"{"id":"/a","healthChecks":[{"protocol":"HTTP","path":"/h","portIndex":0},{"protocol":"COMMAND","command":{"value":"x"}}]}"#
        ),
    ]

    @Test("follows each rule", arguments: rules)
    func rule(_ rule: Rule) throws {
        let expected = try JSON(parsing: rule.after)
        #expect(try definition(rule.before).text == expected.compact)
    }

    @Test("of a copy is the same again", arguments: rules)
    func idempotent(_ rule: Rule) throws {
        let once = try definition(rule.before)
        #expect(try definition(once.text) == once)
    }

    @Test("refuses what is no app", arguments: ["[]", "{}", #"{"id":""}"#, #"{"id":3}"#, "null", #""x""#])
    func noApp(text: String) {
        #expect { try definition(text) } throws: { "\($0)".contains("without an id") }
    }

    @Test("knows what must run first, also where it is named relative to the app itself")
    func dependencies() throws {
        let app = try definition(
            #"{"id":"/shop/front/web","dependencies":["/db","//db/","api","../cache","../../x/./y","../../../../z"]}"#)
        #expect(
            app.dependencies.map(\.text) == [
                "/db", "/db", "/shop/front/web/api", "/shop/front/cache", "/shop/x/y", "/z",
            ])
    }

    @Test("knows instances and health checks, also where the definition is silent")
    func parts() throws {
        let silent = try definition(#"{"id":"/a"}"#)
        #expect(silent.instances == 1)
        #expect(!silent.hasHealthChecks)
        let full = try definition(#"{"id":"/a","instances":0,"healthChecks":[{}]}"#)
        #expect(full.instances == 0)
        #expect(full.hasHealthChecks)
    }
}
