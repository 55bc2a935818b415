import SandboxTesting
import Testing

/// A sandbox whose load balancers lead users by a map, or are told of servers by runs.
extension SandboxFixture {
    /// The template of the load balancers' configuration; its changes count once they are built.
    var balancerTemplate: String { root + "/environments/sandbox/haproxy/edge.cfg.template" }

    /// The map that a load balancer reads.
    func map(of edge: String) -> String { "\(home)/sandbox/haproxy/\(edge).map" }

    func adminSocket(of edge: String) -> String { "unix:\(home)/sandbox/haproxy/\(edge).sock" }

    /// Has an entry of the map lead users of search, to `be_search_blue` at first.
    func leadSearchByMap() throws {
        try edit(
            balancerTemplate, replacing: "use_backend be_search if",
            with: "use_backend %[str(search),map_str(@SANDBOX@/haproxy/@EDGE@.map,be_search_blue)] if")
        try edit(balancerTemplate, replacing: "backend be_search\n", with: "backend be_search_blue\n")
    }

    /// Gives running load balancers the entry.
    func addSearchEntry(on edge: String) async throws {
        let answer = try await askHAProxy(adminSocket(of: edge), "add map \(map(of: edge)) search be_search_blue")
        #expect(answer.allSatisfy { $0 == "\n" }, "\(answer)")
    }

    /// Has runs keep the servers that they register in the load balancers' configuration.
    func nameConfigurations() throws {
        for edge in ["edge-1", "edge-2"] {
            try edit(
                environmentFile, replacing: "      stateFile: \"${rz:home}/sandbox/haproxy/\(edge).state\"\n",
                with: "      stateFile: \"${rz:home}/sandbox/haproxy/\(edge).state\"\n"
                    + "      configuration: \"${rz:home}/sandbox/haproxy/\(edge).cfg\"\n")
        }
    }

    /// The comments between which a backend has such servers.
    static func marks(_ backend: String) -> [String] {
        ["    # rz: servers of \(backend)", "    # rz: end of servers of \(backend)"]
    }
}
