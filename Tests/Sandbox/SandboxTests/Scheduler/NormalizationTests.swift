import JSON
import Testing

@testable import Sandbox

@Suite("An app in a spelling of its time comes back in today's")
struct NormalizationTests {
    @Test(
        "for each deprecated field",
        arguments: [
            (
                #""cmd":"x","uris":["http://h/a.tar.gz?v=1","http://h/b"]"#, "/fetch",
                #"[{"uri":"http://h/a.tar.gz?v=1","extract":true,"executable":false,"cache":false},{"uri":"http://h/b","extract":false,"executable":false,"cache":false}]"#
            ),
            (
                #""cmd":"x","ports":[8080,0]"#, "/portDefinitions",
                #"[{"port":8080,"protocol":"tcp"},{"port":10000,"protocol":"tcp"}]"#
            ),
            (#""cmd":"x""#, "/portDefinitions", #"[{"port":10000,"name":"default","protocol":"tcp"}]"#),
            (#""cmd":"x","portDefinitions":[]"#, "/portDefinitions", "[]"),
            (#""cmd":null,"args":["a"]"#, "/networks", #"[{"mode":"host"}]"#),
            (#""container":{"docker":{"image":"i","network":"HOST"}}"#, "/networks", #"[{"mode":"host"}]"#),
            (
                #""container":{"docker":{"image":"i","network":"BRIDGE","portMappings":[{"containerPort":80}]}}"#,
                "/container/portMappings",
                #"[{"containerPort":80,"servicePort":10000,"hostPort":0,"protocol":"tcp"}]"#
            ),
            (
                #""container":{"docker":{"image":"i","network":"USER"}},"ipAddress":{"networkName":"n","labels":{"a":"b"}}"#,
                "/networks",
                #"[{"mode":"container","name":"n","labels":{"a":"b"}}]"#
            ),
            (#""cmd":"x","ipAddress":{"networkName":"mesos-bridge"}"#, "/networks", #"[{"mode":"container/bridge"}]"#),
            (
                #""cmd":"x","ipAddress":{"networkName":"n","discovery":{"ports":[{"number":80,"name":"http","protocol":"tcp"}]}}"#,
                "/container/portMappings",
                #"[{"containerPort":80,"name":"http","protocol":"tcp","servicePort":10000}]"#
            ),
            (
                #""cmd":"x","networks":[{"mode":"container","name":"n"}],"portDefinitions":[{"port":9000,"name":"p"}],"requirePorts":true"#,
                "/container/portMappings",
                #"[{"containerPort":0,"servicePort":9000,"name":"p","protocol":"tcp"}]"#
            ),
            (
                #""cmd":"x","container":{"type":"MESOS","volumes":[{"containerPath":"d","mode":"RW","persistent":{"size":1}}]}"#,
                "/upgradeStrategy",
                #"{"maximumOverCapacity":0,"minimumHealthCapacity":0.5}"#
            ),
            (
                #""cmd":"x","healthChecks":[{"path":"/"}]"#, "/healthChecks",
                #"[{"path":"/","protocol":"HTTP","gracePeriodSeconds":300,"intervalSeconds":60,"timeoutSeconds":20,"maxConsecutiveFailures":3,"delaySeconds":15,"ipProtocol":"IPv4","ignoreHttp1xx":false,"portIndex":0}]"#
            ),
        ])
    func respelling(fields: String, path: String, expected: String) throws {
        var state = SchedulerState.empty
        let reply = try respond("POST", ["v2", "apps"], "{\"id\":\"/a\",\(fields)}", &state)
        #expect(reply.status == 201, "\(reply.text)")
        let shown = try #require(try JSON(parsing: respond("GET", ["v2", "apps", "a"], nil, &state).body)["app"])
        let value = path.split(separator: "/").reduce(Optional(shown)) { $0?[String($1)] }
        #expect(value?.canonical == (try JSON(parsing: expected)).canonical)
        for key in ["uris", "ports", "ipAddress"] { #expect(shown[key] == nil) }
        for key in ["network", "portMappings"] { #expect(shown["container"]?["docker"]?[key] == nil) }
    }

    @Test(
        "and is refused when it is spelled both ways",
        arguments: [
            (
                #""container":{"docker":{"image":"i","network":"BRIDGE"}},"networks":[{"mode":"host"}]"#,
                "must not specify both container.docker.network and networks"
            ),
            (
                #""cmd":"x","ipAddress":{},"networks":[{"mode":"host"}]"#,
                "cannot mix deprecated and canonical network APIs"
            ),
            (
                #""container":{"docker":{"image":"i","portMappings":[{"containerPort":1}]},"portMappings":[{"containerPort":1}]}"#,
                "cannot specify both portMappings and docker.portMappings"
            ),
            (
                #""container":{"docker":{"image":"i","network":"USER"}}"#,
                "Network name must be specified when container network is selected."
            ),
            (#""container":{"docker":{"image":"i","network":"NONE"}}"#, "NONE"),
        ])
    func contradictions(fields: String, message: String) throws {
        var state = SchedulerState.empty
        let reply = try respond("POST", ["v2", "apps"], "{\"id\":\"/a\",\(fields)}", &state)
        #expect(reply.status == 422)
        #expect(reply.text.contains(message), "\(reply.text)")
    }
}
