import JSON
import Migration

extension OverrideRun {
    /// How a job moves: by its schedule, unless somebody says that it stays.
    ///
    /// - Throws: `Failure` for a mode in which a job would fire in both colors.
    func jobMode() throws(Failure) -> (mode: ServiceMode, reason: String?) {
        let said = mode
        guard said.reason != nil, said.mode.isMoved, said.mode != .scheduled else {
            return said.reason == nil ? (.scheduled, nil) : said
        }
        throw Failure(
            "\(id) is a job, and a job can't move in the mode \(said.mode): it would fire in both colors",
            at: "services.overrides of environment.yaml", details: [said.reason ?? ""],
            advice: "Leave its mode to rz, or say manual or skip.")
    }
}

extension Service {
    /// - Throws: `Failure` when the definition is not JSON, which no driver writes.
    func definitionJSON() throws(Failure) -> JSONObject {
        do throws(JSONError) {
            return try JSON(parsing: definition).object ?? JSONObject()
        } catch {
            throw Failure("The definition of \(id) is not JSON", details: [error.description])
        }
    }
}
