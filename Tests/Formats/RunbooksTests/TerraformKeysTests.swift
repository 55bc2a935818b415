import Foundation
import Migration
import Runbooks
import Testing

@Suite("provision.terraform in environment.yaml")
struct TerraformKeysTests {
    private func root(_ keys: String) throws -> TerraformRoot {
        try #require(try Project().environment(with(keys)).provision.terraform)
    }

    private func with(_ keys: String) -> String {
        Sample.environment.replacing("{ root: terraform/servers }", with: "{ root: terraform/servers, \(keys) }")
    }

    private func problems(_ keys: String) throws -> [String] {
        let error = #expect(throws: ConfigurationError.self) { try Project().environment(with(keys)) }
        return error?.problems.map(\.message) ?? []
    }

    @Test("keeps states in a backend, one for each color")
    func backend() throws {
        let root = try root(
            #"backend: { type: pg, config: { schema_name: "shop_{{ color }}", skip_schema_creation: true }, "#
                + #"credentials: { PG_CONN_STR: "${env:PG}" } }"#)
        let backend = try #require(root.backend)
        #expect(
            backend
                == TerraformBackend(
                    type: "pg", config: ["schema_name": "shop_{{ color }}", "skip_schema_creation": "true"],
                    credentials: ["PG_CONN_STR": "${env:PG}"]))
        #expect(backend.config(of: "disks")["schema_name"] == "shop_disks")
        let encoded = try JSONEncoder().encode(root)
        #expect(try JSONDecoder().decode(TerraformRoot.self, from: encoded) == root)
    }

    @Test("refuses one state for both colors, secrets that Terraform writes down, and states without locks")
    func refused() throws {
        #expect(
            try problems("backend: { type: pg, config: { schema_name: shop } }")
                == ["both colors would have one state: write {{ color }} into `schema_name`"])
        #expect(
            try problems(#"backend: { type: swift, config: { a: "{{ colour }}" } }"#)
                == ["both colors would have one state: write {{ color }} into `a`"])
        let secret = try problems(
            #"backend: { type: pg, config: { schema_name: "{{ color }}", conn_str: "postgres://rz:pw@db/rz" } }"#)
        #expect(secret.count == 1 && secret[0].contains("PG_CONN_STR"))
        #expect(
            try problems(
                #"backend: { type: pg, config: { schema_name: "{{color}}" }, credentials: { PG_CONN_STR: plain } }"#)
                == [#"a credential is a reference: "${env:PG_CONN_STR}" or "${file:PATH}""#])
        #expect(
            try problems(
                #"backend: { type: s3, config: { key: "{{ color }}" }, credentials: { TF_DATA_DIR: "${env:X}" } }"#
            )
            .count == 2)
        #expect(
            try problems(#"backend: { type: http, config: { address: "http://s/{{ color }}" } }"#)
                == ["without `lock_address` and `unlock_address` Terraform locks no state of `http`"])
        #expect(try problems("backend: { type: local, config: { path: x } }").count == 1)
        #expect(
            try problems(
                #"backend: { type: http, config: { address: "http://s/{{ color }}", lock_address: "http://s/l", "#
                    + #"unlock_address: "http://s/{{ color }}" } }"#)
                == ["both colors would have one lock: write {{ color }} into it"])
    }

    @Test("has variables of any type; a reference stands in texts only")
    func variables() throws {
        let root = try root(
            #"variables: { region: fra1, count: 3, zones: [a, b], nodes: { one: { ip: 10.0.0.1, cpus: 2 } } }, "#
                + "colors: { green: { sizes: [1, 2] } }")
        #expect(root.structured == ["nodes", "sizes", "zones"])
        #expect(root.variables["count"] == "3" && root.variables["region"] == "fra1")
        #expect(root.variables["nodes"]?.text == #"{"one":{"ip":"10.0.0.1","cpus":2}}"#)
        #expect(root.variables["zones"]?.text == #"["a","b"]"#)
        #expect(root.colors[.green]?["sizes"]?.text == "[1,2]")
        #expect(try problems(#"variables: { users: [ "${env:NAME}" ] }"#).count == 1)
    }

    @Test("says where servers are in outputs of another shape")
    func inventory() throws {
        let root = try root(
            "inventory: { agent: { output: nodes, path: cluster.all, name: tags.Name, address: ip, port: ssh, "
                + "attributes: { rack: labels.rack } }, edge: { output: edges } }")
        #expect(
            root.inventory == [
                "agent": TerraformGroup(
                    output: "nodes", path: "cluster.all", name: "tags.Name", address: "ip", port: "ssh",
                    attributes: ["rack": "labels.rack"]),
                "edge": TerraformGroup(output: "edges"),
            ])
    }
}
