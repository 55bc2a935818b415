import JSON

/// `/v2/deployments`.
struct DeploymentRoutes: Routes {
    let request: APIRequest
    let now: Timestamp

    func respond(_ path: [String], _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        switch (request.method, path.count) {
        case ("GET", 0), ("HEAD", 0):
            return APIResponse(json: .array(state.deployments.map(Self.json)))
        case ("DELETE", 1):
            guard let deployment = state.deployments.first(where: { $0.id == path[0] }) else {
                throw MarathonError(404, "DeploymentPlan \(path[0]) does not exist")
            }
            guard force else { return APIResponse(try state.rollBack(deployment, at: now)) }
            state.cancel(deployment, at: now)
            return APIResponse(status: 202)
        default: throw MarathonAPI.notFound
        }
    }

    private static func json(_ deployment: Deployment) -> JSON {
        [
            "id": .string(deployment.id), "version": .string(deployment.version.description),
            "affectedApps": .array(deployment.affectedApps.map { .string($0.description) }), "affectedPods": [],
            "steps": .array(deployment.steps.map { Deployment.stepJSON($0.actions) }),
            "currentActions": .array(
                deployment.currentActions.map { action in
                    [
                        "action": .string(action.action.rawValue), "app": .string(action.app.description),
                        "readinessCheckResults": [],
                    ]
                }),
            "currentStep": .count(deployment.currentStep),
            "totalSteps": .count(deployment.steps.count),
        ]
    }
}
