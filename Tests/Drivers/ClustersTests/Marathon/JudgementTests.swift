import JSON
import Migration
import Testing

@testable import Clusters

@Suite("What is bound to its environment")
struct JudgementTests {
    private static let old = Inventory(groups: [
        "agent": [
            Host(name: "blue-agent-1", address: "10.1.0.7", variables: ["private": "192.168.1.7", "rack": "r1"])
        ],
        "control": [Host(name: "blue-control-1", address: "10.1.0.1")],
    ])
    private static let agents = [
        Agent(hostname: "green-agent-1", attributes: ["rack": "r1"], roles: ["*", "web"]),
        Agent(hostname: "green-agent-2", attributes: ["rack": "r2"]),
    ]

    struct Case: Sendable, CustomTestStringConvertible {
        let fields: String
        let kind: Finding.Kind
        let path: String
        let judgement: Finding.Judgement
        var agents: [Agent]? = JudgementTests.agents
        var testDescription: String { "\(kind): \(fields)" }

        init(
            _ fields: String, _ kind: Finding.Kind, _ path: String, _ judgement: Finding.Judgement,
            agents: [Agent]? = JudgementTests.agents
        ) {
            (self.fields, self.kind, self.path, self.judgement, self.agents) = (fields, kind, path, judgement, agents)
        }
    }

    private static let cases: [Case] = [
        Case(#""constraints":[["rack","IS","r2"]]"#, .constraint, "constraints.0", .harmless),
        Case(#""constraints":[["rack","IS","r9"]]"#, .constraint, "constraints.0", .blocking),
        Case(#""constraints":[["rack","IS","r9"]]"#, .constraint, "constraints.0", .deferred, agents: nil),
        Case(#""constraints":[["rack","like","r[12]"]]"#, .constraint, "constraints.0", .harmless),
        Case(#""constraints":[["disk","GROUP_BY"]]"#, .constraint, "constraints.0", .blocking),
        Case(#""constraints":[["hostname","CLUSTER","green-agent-2"]]"#, .constraint, "constraints.0", .harmless),
        Case(
            #""constraints":[["hostname","LIKE","blue-agent-1|x"]]"#, .constraint, "constraints.0", .blocking,
            agents: nil),
        Case(#""constraints":[["@zone","IS","z1"]]"#, .constraint, "constraints.0", .deferred),
        Case(
            #""containers":[],"scheduling":{"placement":{"constraints":[{"fieldName":"rack","operator":"IS","value":"r9"}]}}"#,
            .constraint, "scheduling.placement.constraints.0", .blocking),
        Case(#""acceptedResourceRoles":["web"]"#, .role, "acceptedResourceRoles", .harmless),
        Case(#""acceptedResourceRoles":["db"]"#, .role, "acceptedResourceRoles", .blocking),
        Case(#""acceptedResourceRoles":["db"]"#, .role, "acceptedResourceRoles", .deferred, agents: nil),
        Case(#""role":"batch""#, .role, "role", .blocking), Case(#""role":"shop""#, .role, "role", .harmless),
        Case(
            #""container":{"volumes":[{"hostPath":"/data/db","containerPath":"/d","mode":"RW"}]}"#, .hostPath,
            "container.volumes.0.hostPath", .blocking),
        Case(
            #""container":{"volumes":[{"hostPath":"/etc/localtime","containerPath":"/d","mode":"RO"}]}"#, .hostPath,
            "container.volumes.0.hostPath", .harmless),
        Case(
            #""containers":[],"volumes":[{"name":"v","host":"/etcetera"}]"#, .hostPath, "volumes.0.host", .blocking),
        Case(
            #""container":{"volumes":[{"persistent":{"size":1},"containerPath":"d","mode":"RW"}]}"#, .persistentVolume,
            "container.volumes.0", .blocking),
        Case(
            #""containers":[],"volumes":[{"name":"v","persistent":{"size":1}}]"#, .persistentVolume, "volumes.0",
            .blocking),
        Case(
            #""container":{"volumes":[{"external":{"name":"v","provider":"dvdi"},"containerPath":"d"}]}"#,
            .singleAttachVolume, "container.volumes.0", .blocking),
        Case(
            #""container":{"volumes":[{"external":{"name":"v","shared":true},"containerPath":"d"}]}"#,
            .singleAttachVolume, "container.volumes.0", .harmless),
        Case(
            #""container":{"volumes":[{"external":{"provider":"csi","options":{"capability":{"accessMode":"MULTI_NODE_MULTI_WRITER"}}}}]}"#,
            .singleAttachVolume, "container.volumes.0", .harmless),
        Case(#""secrets":{"pw":{"source":"db/pw"}},"env":{"PW":{"secret":"pw"}}"#, .secret, "secrets", .blocking),
        Case(#""env":{"PW":{"secret":"pw"}}"#, .secret, "env.PW", .blocking),
        Case(
            #""container":{"docker":{"image":"i","pullConfig":{"secret":"hub"}}}"#, .secret,
            "container.docker.pullConfig", .blocking),
        Case(#""fetch":[{"uri":"file:///etc/docker.tar.gz"}]"#, .localFile, "fetch.0.uri", .blocking),
        Case(
            #""containers":[{"name":"c","artifacts":[{"uri":"/opt/a.tgz"}]}]"#, .localFile,
            "containers.0.artifacts.0.uri", .blocking),
        Case(#""networks":[{"mode":"container","name":"calico"}]"#, .network, "networks.0", .blocking),
        Case(#""networks":[{"mode":"container"}]"#, .network, "networks.0", .blocking),
        Case(#""env":{"DB":"postgres://u:hunter2@10.1.0.7:5432/x"}"#, .oldAddress, "env.DB", .blocking),
        Case(#""env":{"DB":"blue-agent-1.example.com"}"#, .oldAddress, "env.DB", .blocking),
        Case(#""env":{"DB":"192.168.1.7."}"#, .oldAddress, "env.DB", .blocking),
        Case(#""args":["--peer","BLUE-CONTROL-1:80"]"#, .oldAddress, "args.1", .blocking),
        Case(#""container":{"docker":{"image":"10.1.0.1:5000/i"}}"#, .oldAddress, "container.docker.image", .blocking),
        Case(
            #""containers":[{"name":"c","environment":{"H":"10.1.0.1"}}]"#, .oldAddress, "containers.0.environment.H",
            .blocking),
        Case(#""env":{"ZK":"zk://a:2181,b:2181/mesos"}"#, .zooKeeper, "env.ZK", .blocking),
        Case(#""cmd":"curl http://leader.mesos:5050/""#, .mesosName, "cmd", .blocking),
        Case(
            #""requirePorts":true,"portDefinitions":[{"port":80},{"port":443}]"#, .fixedPort, "portDefinitions.0.port",
            .harmless),
        Case(
            #""networks":[{"mode":"container/bridge"}],"container":{"portMappings":[{"containerPort":1,"hostPort":80}]}"#,
            .fixedPort, "container.portMappings.0.hostPort", .harmless),
        Case(
            #""containers":[{"name":"c","endpoints":[{"name":"e","hostPort":80}]}]"#, .fixedPort,
            "containers.0.endpoints.0.hostPort", .harmless),
        Case(
            #""labels":{"MARATHON_SINGLE_INSTANCE_APP":"true"}"#, .framework, "labels.MARATHON_SINGLE_INSTANCE_APP",
            .blocking),
        Case(
            #""labels":{"DCOS_PACKAGE_FRAMEWORK_NAME":"kafka"}"#, .framework, "labels.DCOS_PACKAGE_FRAMEWORK_NAME",
            .blocking),
        Case(
            #""container":{"docker":{"image":"hub:5000/avhost/mesos-compose:v1"}}"#, .framework,
            "container.docker.image", .blocking),
        Case(#""env":{"MESOS_MASTER":"m","FRAMEWORK_NAME":"f"}"#, .framework, "env", .blocking),
        Case(
            #""container":{"docker":{"image":"i","network":"NONE"}}"#, .refused, "container.docker.network", .blocking),
        Case(#""labels":{"rz.mode":"exclusiv"}"#, .mode, "labels.rz.mode", .blocking),
    ]

    @Test("is found and judged", arguments: cases)
    func found(_ one: Case) throws {
        let findings = try judge("{\"id\":\"/shop/a\",\(one.fields)}", agents: one.agents)
        let finding = try #require(findings.first { $0.kind == one.kind }, "\(findings)")
        #expect((finding.path, finding.judgement) == (one.path, one.judgement), "\(finding.text)")
        #expect(!finding.text.contains("hunter2"))
    }

    @Test(
        "is not what only looks like it",
        arguments: [
            #""cmd":"x","constraints":[["hostname","UNIQUE"],["hostname","MAX_PER","2"]]"#,
            #""env":{"A":"10.1.0.71","B":"110.1.0.7","C":"10.1.0.7.5","D":"xblue-agent-1","E":"blue-agent-10"}"#,
            #""env":{"A":"mesos","B":"a.mesosphere.com","C":"zk:/x"},"dependencies":["/blue-agent-1"]"#,
            #""networks":[{"mode":"host"}],"portDefinitions":[{"port":10001}],"requirePorts":false"#,
            #""networks":[{"mode":"container/bridge"}],"container":{"portMappings":[{"containerPort":80,"hostPort":0}]}"#,
            #""acceptedResourceRoles":["*","db"]"#, #""labels":{"rz.mode":"exclusive","VIP_0":"/a:80"}"#,
            #""fetch":[{"uri":"https://h/a.tgz"}],"container":{"docker":{"image":"marathon-lb"}}"#,
            #""instances":0,"taskKillGracePeriodSeconds":30"#,
        ])
    func notFound(fields: String) throws {
        #expect(try judge("{\"id\":\"/shop/a\",\(fields)}") == [])
    }

    @Test(
        "is answered by an override that sets or removes it",
        arguments: [
            (#""env":{"DB":"10.1.0.7"}"#, Override(match: .id("*"), set: ["env.DB": "{{ agent[0].address }}"])),
            (#""env":{"DB":"10.1.0.7"}"#, Override(match: .id("*"), remove: ["env.DB"])),
            (#""env":{"ZK":"zk://a/m"}"#, Override(match: .id("*"), set: ["env.ZK": "zk://new/m"])),
            (
                #""constraints":[["a","UNIQUE"],["rack","IS","r1"]]"#,
                Override(match: .id("*"), remove: ["constraints.0", "constraints[0=rack]"])
            ),
            (
                #""container":{"volumes":[{"hostPath":"/a","containerPath":"/d"}]}"#,
                Override(match: .id("*"), set: ["container.volumes[containerPath=/d].hostPath": "/mnt/b"])
            ),
            (
                #""container":{"docker":{"image":"i","network":"NONE"}}"#,
                Override(match: .id("*"), remove: ["container.docker.network"])
            ),
            (#""role":"batch""#, Override(match: .id("*"), remove: ["role"])),
        ])
    func mapped(fields: String, override: Override) throws {
        let findings = try judge("{\"id\":\"/shop/a\",\(fields)}", agents: nil, overrides: [override])
        #expect(!findings.isEmpty)
        #expect(findings.allSatisfy { $0.judgement == .mapped }, "\(findings)")
    }

    @Test("is not answered by an override of something else, nor by one that is known not to help")
    func notMapped() throws {
        let other = Override(match: .id("*"), set: ["env.OTHER": "x", "constraints[0].2": "r8"])
        let findings = try judge(
            #"{"id":"/a","env":{"DB":"10.1.0.7"},"constraints":[["rack","IS","r9"]]}"#, overrides: [other])
        #expect(findings.filter { $0.judgement == .blocking }.map(\.kind) == [.constraint, .oldAddress])
        let still = Override(match: .id("*"), set: ["env.DB": "tcp://10.1.0.7"])
        #expect(
            try judge(#"{"id":"/a","env":{"DB":"10.1.0.7"}}"#, overrides: [still]).map(\.judgement) == [.blocking])
    }

    @Test("is accepted with a reason, by kind and by the mode that takes care of it")
    func accepted() throws {
        let text = #"""
            {"id":"/a","env":{"DB":"10.1.0.7"},"labels":{"MARATHON_SINGLE_INSTANCE_APP":"true"},
             "container":{"docker":{"image":"i","network":"NONE"}}}
            """#
        let findings = try judge(
            text,
            overrides: [
                Override(match: .id("*"), mode: .exclusive, accept: [.oldAddress: "the database stays"]),
                Override(match: .id("/a"), accept: [.oldAddress: "until Friday", .refused: "no"]),
            ])
        #expect(
            findings.map { "\($0.kind) \(FindingTestWord($0.judgement))" }
                == ["refused blocking", "framework mapped", "oldAddress accepted: until Friday"])
    }

    @Test("is a fixed port where both colors share a server")
    func sharedServers() throws {
        let definition = try definition(#"{"id":"/a","requirePorts":true,"portDefinitions":[{"port":80}]}"#)
        let placement = PlacementContext(old: Self.old, new: Self.old, agents: nil)
        let service = Service(id: "/a", definition: ServiceDefinition(definition.json), instances: 1, fingerprint: "")
        let findings = Judgement(placement).findings(of: definition, becoming: definition, as: service)
        #expect(findings.map(\.judgement) == [.blocking])
    }

    @Test("includes a deployment under way, as a remark")
    func deployment() throws {
        let findings = try judge(#"{"id":"/a","deployments":[{"id":"d"}]}"#, isDeploying: true)
        #expect(findings.map(\.kind) == [.deployment])
        #expect(findings.map(\.judgement) == [.harmless])
    }

    @Test("is not about an address that a server of the new color has too")
    func addressOfBoth() throws {
        let text = #"{"id":"/a","env":{"DB":"10.1.0.7"}}"#
        #expect(try judge(text).map(\.kind) == [.oldAddress])
        #expect(try judge(text, new: Self.old).isEmpty)
    }

    private func judge(
        _ text: String, new: Inventory? = nil, agents: [Agent]? = JudgementTests.agents, overrides: [Override] = [],
        isDeploying: Bool = false
    ) throws -> [Finding] {
        let marathon = try MarathonCluster(
            .init(url: "http://127.0.0.1:1"), inventory: Inventory(), resolver: resolver())
        let before = try MarathonDefinition(JSON(parsing: text))
        let service = Service(
            id: before.id, definition: ServiceDefinition(before.json), instances: before.instances,
            fingerprint: before.fingerprint,
            isDeploying: isDeploying)
        let rewritten = try marathon.rewrite(service, overrides: overrides, inventory: nil)
        let placement = PlacementContext(old: Self.old, new: new, agents: agents)
        return rewritten.answering(try marathon.judge(service, rewritten: rewritten, in: placement))
    }
}

/// A judgement as a word, for comparisons.
private struct FindingTestWord: CustomStringConvertible {
    let description: String

    init(_ judgement: Finding.Judgement) {
        if case .accepted(let reason) = judgement {
            description = "accepted: \(reason)"
        } else {
            description = "\(judgement)"
        }
    }
}
