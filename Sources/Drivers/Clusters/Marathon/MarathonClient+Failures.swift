import JSON
import Migration
import Transport

extension MarathonClient {
    /// The deployments that lock what was to be changed; empty when there are too many deployments, nil when neither
    /// is so.
    func locks(_ response: HTTPResponse) -> [String]? {
        guard [403, 409].contains(response.status), let body = try? JSON(parsing: response.body) else { return nil }
        if response.status == 403 {
            return body["message"]?.string?.contains("running deployments") == true ? [] : nil
        }
        return body["deployments"]?.array.map { $0.compactMap { $0["id"]?.string } }
    }

    /// A lock that was not given up in time, with what Marathon reports of the deployments behind it.
    func failure(
        of response: HTTPResponse, _ method: HTTPMethod, _ path: String, _ locks: [String]
    ) async throws(Failure) -> Failure {
        var failure = failure(of: response, method, path)
        guard !locks.isEmpty else { return failure }
        let known = (try? await get("/v2/deployments"))?.array ?? []
        failure.details = locks.map { id in
            guard let deployment = known.first(where: { $0["id"]?.string == id }) else { return "deployment \(id)" }
            return "deployment \(id): " + MarathonClient.progress(of: deployment)
        }
        return failure
    }

    /// `ScaleApplication /shop/web, step 2 of 3`.
    private static func progress(of deployment: JSON) -> String {
        let actions = (deployment["currentActions"]?.array ?? []).compactMap { action -> String? in
            guard let name = action["action"]?.string else { return nil }
            return [name, action["app"]?.string ?? action["pod"]?.string].compactMap { $0 }.joined(separator: " ")
        }
        let step = "step \(deployment["currentStep"]?.int ?? 0) of \(deployment["totalSteps"]?.int ?? 0)"
        return (actions + [step]).joined(separator: ", ")
    }

    func failure(of response: HTTPResponse, _ method: HTTPMethod, _ path: String) -> Failure {
        let body = try? JSON(parsing: response.body)
        let place = "\(method) \(place)\(path)"
        let message = body?["message"]?.string ?? "status \(response.status)"
        switch response.status {
        case 401:
            return Failure(
                "Marathon requires authentication (HTTP 401)", at: place, details: [message],
                advice:
                    "Set `user` and `password`, or `token`, of this source in environment.yaml; rz adopt takes user and "
                    + "password with --login 'marathon=USER:${file:PATH}'.")
        case 403 where message.contains("running deployments"):
            return Failure(
                "Marathon has as many deployments as it takes", at: place, details: [message], kind: .transient)
        case 403:
            return Failure("Marathon refuses", at: place, details: [message])
        case 409 where body?["deployments"] != nil:
            let ids = (body?["deployments"]?.array ?? []).compactMap { $0["id"]?.string }
            return Failure(
                "A deployment is under way and locks this", at: place,
                details: ids.isEmpty ? [message] : ids.map { "deployment \($0)" },
                advice: "rz waits for it. Marathon's deployments page shows what the deployment itself waits for.",
                kind: .transient)
        case 429:
            return Failure("Marathon is rate-limiting requests (429)", at: place, details: [message], kind: .transient)
        case 400, 409, 422:
            return Failure("Marathon rejected the definition", at: place, details: [message] + details(body))
        case 502 where response.text.contains("current leader"):
            // The member that was asked had no leader to pass it on to, so nothing was changed.
            return Failure("Marathon has no leader at the moment", at: place, details: [message], kind: .transient)
        case 500...:
            return Failure(
                "Marathon failed", at: place, details: [message], kind: method.isSafe ? .transient : .unknownEffect)
        default:
            return Failure("Marathon answered \(response.status)", at: place, details: [message])
        }
    }

    /// `{"details":[{"path":"/id","errors":["…"]}]}` as lines; older versions give one text.
    private func details(_ body: JSON?) -> [String] {
        if let text = body?["details"]?.string { return [text] }
        return (body?["details"]?.array ?? []).map { detail in
            let errors = (detail["errors"]?.array ?? []).compactMap(\.string).joined(separator: "; ")
            return "\(detail["path"]?.string ?? "/"): \(errors)"
        }
    }
}
