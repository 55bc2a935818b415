import JSON

/// The endpoints of a Mesos master that only look, over the agents and frameworks of one color of the sandbox.
///
/// Nothing is scheduled here: each framework places its own tasks. What rz and operators' tools ask a master is
/// answered as a real one would. Source: Apache Mesos 1.11, docs/endpoints.
struct MesosEndpoints: Sendable {
    let address: String
    let port: Int
    let agents: AgentDirectory
    /// Who may look; everyone when nil.
    var credentials: SchedulerCredentials?
    let frameworks: [any MesosFramework]

    /// Serves until it is cancelled.
    ///
    /// - Throws: `SchedulerError` when the address is taken.
    func run() async throws {
        try await LoopbackServer(address: address, port: port).serve(for: credentials) { await respond(to: $0) }
    }

    func respond(to request: APIRequest) async -> APIResponse {
        guard request.isReadOnly else { return APIResponse(status: 405) }
        // Each is there below `/master`, too.
        let path = request.path.first == "master" ? Array(request.path.dropFirst()) : request.path
        switch path {
        case ["health"]: return APIResponse(status: 200)
        case ["version"]: return APIResponse(json: ["version": .string(MesosDocument.version)])
        case ["redirect"]:
            var response = APIResponse(status: 307)
            response.headers = [("Location", "//\(address):\(port)")]
            return response
        case ["state"], ["state.json"]: return APIResponse(json: await document.state)
        case ["slaves"]: return APIResponse(json: await document.slaves)
        case ["frameworks"]: return APIResponse(json: await document.registeredFrameworks)
        case ["tasks"], ["tasks.json"]:
            func number(_ name: String) -> Int? { request.values(of: name).last.flatMap { Int($0) } }
            return APIResponse(
                json: await document.tasks(
                    limit: number("limit") ?? 100, offset: number("offset") ?? 0,
                    isAscending: request.values(of: "order").last == "asc"))
        default: return APIResponse(status: 404)
        }
    }

    private var document: MesosDocument {
        get async {
            var reports: [ReportedFramework] = []
            for framework in frameworks { reports.append(await framework.report()) }
            return MesosDocument(master: "\(address):\(port)", agents: agents.agents(), frameworks: reports)
        }
    }
}
