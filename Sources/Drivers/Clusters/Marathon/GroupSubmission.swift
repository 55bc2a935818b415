import JSON
import Migration
import Transport

extension MarathonClient {
    /// Makes a group say what it says on the other side, before its first service is launched: services are ordered by
    /// what their groups depend on, and get their role from them.
    ///
    /// Marathon takes a group as a declaration, and stops what a declaration leaves out. So only the group's own words
    /// are sent, never a list of members, and a rehearsal comes first.
    ///
    /// - Throws: `Failure` when the rehearsal shows that something would be stopped.
    func ensure(_ group: ServiceGroup) async throws(Failure) {
        let wanted = try own(group.definition)
        let path = try "/v2/groups" + group.id.marathonPath(of: "group")
        let found = try await find(path + "?embed=group.groups")
        let present = found?.object.map(GroupTree.own)
        guard present.map({ JSON.object($0).canonical }) != JSON.object(wanted).canonical else { return }
        if present != nil, wanted["enforceRole"] != present?["enforceRole"] {
            // Of a group that exists this can be changed in this way only.
            let enforces = JSON.bool(wanted["enforceRole"]?.bool ?? false)
            let body = JSON.object(JSONObject([("enforceRole", enforces)]))
            _ = try await change(.patch, path, body: body.compact)
        }
        var update = wanted
        if let present {
            update["enforceRole"] = nil
            guard without("enforceRole", present).canonical != without("enforceRole", wanted).canonical else { return }
            if update["dependencies"] == nil { update["dependencies"] = [] }
        }
        let body = JSON.object(update).compact
        try await rehearse(group.id, path, body)
        _ = try await change(.put, path, body: body)
    }

    private func rehearse(_ group: ServiceID, _ path: String, _ body: String) async throws(Failure) {
        let path = path + "?dryRun=true"
        let answer = try json(await change(.put, path, body: body))
        guard let steps = answer["steps"]?.array else {
            throw Failure(
                "Marathon does not report what a change of the group \(group) would do", at: "PUT \(place)\(path)",
                details: [answer.outline],
                advice: "Nothing was launched. Create the group by hand, then run: rz resume.")
        }
        let stops = steps.flatMap { $0["actions"]?.array ?? [] }.compactMap { action -> String? in
            guard let name = action["action"]?.string, name.hasPrefix("Stop") else { return nil }
            return [name, action["app"]?.string ?? action["pod"]?.string].compactMap { $0 }.joined(separator: " ")
        }
        guard stops.isEmpty else {
            throw Failure(
                "A change of the group \(group) would stop services that run there", at: "PUT \(place)\(path)",
                details: stops,
                advice: "Nothing was changed. Give the group its dependencies by hand, then run: rz resume.",
                kind: .refused)
        }
    }

    private func own(_ definition: String) throws(Failure) -> JSONObject {
        do throws(JSONError) {
            return GroupTree.own(try JSON(parsing: definition).object ?? JSONObject())
        } catch {
            throw Failure("The definition of a group is not JSON", details: [error.description])
        }
    }

    private func without(_ key: String, _ object: JSONObject) -> JSON {
        var rest = object
        rest[key] = nil
        return .object(rest)
    }
}
