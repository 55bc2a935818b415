import JSON

/// Marathon's REST API over a `SchedulerState`: a function of request and state.
///
/// Source: Marathon 1.11's resources under `mesosphere.marathon.api.v2`.
struct MarathonAPI: Sendable {
    let configuration: SchedulerConfiguration

    func respond(to request: APIRequest, state: inout SchedulerState, at now: Timestamp) -> APIResponse {
        let context = RequestContext(request: request, now: now, configuration: configuration)
        var response: APIResponse
        do throws(MarathonError) {
            if let refusal = configuration.credentials?.refusal(of: request) {
                response = refusal
            } else {
                response = try route(context, &state)
            }
        } catch {
            response = APIResponse(status: error.status, json: error.body)
        }
        response.headers += [
            ("X-Marathon-Leader", "http://\(configuration.endpoint)"), ("X-Frame-Options", "DENY"),
            ("X-XSS-Protection", "1; mode=block"), ("Cache-Control", "no-cache, no-store, must-revalidate"),
            ("Pragma", "no-cache"), ("Expires", "0"),
        ]
        return response
    }

    private func route(
        _ context: RequestContext, _ state: inout SchedulerState
    ) throws(MarathonError) -> APIResponse {
        let path = context.request.path
        guard path.first == "v2", path.count > 1 else {
            return try SystemRoutes(context: context).respond(path, &state)
        }
        let rest = Array(path.dropFirst(2))
        switch path[1] {
        case "apps": return try AppRoutes(context: context).respond(rest, &state)
        case "pods": return try PodRoutes(context: context).respond(rest, &state)
        case "groups": return try GroupRoutes(context: context).respond(rest, &state)
        case "deployments": return try DeploymentRoutes(context: context).respond(rest, &state)
        case "queue": return try QueueRoutes(context: context).respond(rest, &state)
        case "tasks": return try TaskRoutes(context: context).respond(rest, &state)
        default: return try SystemRoutes(context: context).respond(path, &state)
        }
    }

    /// Marathon 1.11 maps an unknown route to 500.
    static let notFound = MarathonError(500, "URI not found")
}
