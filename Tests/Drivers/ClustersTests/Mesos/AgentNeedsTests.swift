import JSON
import Migration
import Testing

@testable import Clusters

@Suite("What services need of agents and Mesos does not report")
struct AgentNeedsTests {
    private static func service(_ id: String, _ definition: String) -> Service {
        Service(id: ServiceID(id), definition: ServiceDefinition(definition), instances: 1, fingerprint: id)
    }

    private static let compose = #"""
        {"id": "shop/db",
         "service": {"image": "postgres", "network": "web", "volumes": ["data:/var/lib", "tmp:/tmp"]},
         "networks": {"web": {"name": "mesos-net"}}, "volumes": {"data": {"driver": "s3"}, "tmp": {"driver": "local"}}}
        """#

    @Test(
        "is read from definitions of every framework",
        arguments: [
            (compose, ["container network mesos-net", "volume plugin s3"]),
            (#"{"id": "shop/x", "service": {"networks": {"back": {}}}}"#, ["container network back"]),
            (#"{"networks": [{"mode": "container", "name": "calico"}]}"#, ["container network calico"]),
            (#"{"ipAddress": {"networkName": "weave"}}"#, ["container network weave"]),
            (
                #"{"container": {"volumes": [{"external": {"options": {"dvdi/driver": "rexray"}}}]}}"#,
                ["volume plugin rexray"]
            ),
            (
                #"{"container": {"docker": {"parameters": [{"key": "volume-driver", "value": "rbd"}]}}}"#,
                ["volume plugin rbd"]
            ),
        ])
    func found(definition: String, needs: [String]) {
        let sentences = AgentNeeds(of: [Self.service("x", definition)]).unproven(besides: [:])
        #expect(sentences.map { $0.prefix { $0 != "," } } == needs.map { "unproven: the \($0)" })
    }

    @Test(
        "is nothing for what every agent has",
        arguments: [
            #"{"networks": [{"mode": "host"}, {"mode": "container/bridge"}]}"#,
            #"{"id": "shop/x", "service": {"network": "default"}}"#,
            #"{"id": "shop/x", "service": {"network_mode": "host"}, "volumes": {"data": {"driver": "s3"}}}"#, "no JSON",
        ])
    func nothing(definition: String) {
        #expect(AgentNeeds(of: [Self.service("x", definition)]).unproven(besides: [:]) == [])
    }

    @Test("is named once for all services, unless an attribute that is required of agents vouches for it")
    func vouched() {
        let needs = AgentNeeds(of: ["shop/db", "shop/web"].map { Self.service($0, Self.compose) })
        #expect(
            needs.unproven(besides: ["network": "mesos-net"]) == [
                "unproven: the volume plugin s3, which shop/db and 1 more needs. Mesos does not report whether agents have "
                    + "it. Let them say so in an attribute, and require it in platform.mesos.agents.attributes"
            ])
        #expect(needs.unproven(besides: ["network": "mesos-net", "volumes": "s3"]) == [])
    }
}
