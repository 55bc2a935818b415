import JSON

/// `/v2/deployments`.
struct DeploymentRoutes: Routes {
    let context: RequestContext

    func respond(_ path: [String], _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        switch (request.method, path.count) {
        case ("GET", 0), ("HEAD", 0):
            return APIResponse(json: .array(state.deployments.map { Self.json($0, state) }))
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

    private static func json(_ deployment: Deployment, _ state: SchedulerState) -> JSON {
        let ids = { (pods: Bool) in
            JSON.array(
                deployment.affected.filter { deployment.pods.contains($0) == pods }.map { .string($0.description) })
        }
        let current = deployment.currentActions.map { id, action -> JSON in
            var json = deployment.actionJSON(id, action).object ?? JSONObject()
            json["readinessCheckResults"] = .array(state.tasks(of: id).flatMap(AppPresentation.readiness))
            return .object(json)
        }
        return [
            "id": .string(deployment.id), "version": .string(deployment.version.description),
            "affectedApps": ids(false), "affectedPods": ids(true), "steps": deployment.stepsJSON,
            "currentActions": .array(current), "currentStep": .count(deployment.currentStep),
            "totalSteps": .count(deployment.steps.count),
        ]
    }
}
