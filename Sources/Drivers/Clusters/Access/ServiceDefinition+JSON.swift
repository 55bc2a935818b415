import JSON
import Migration

extension ServiceDefinition {
    init(_ json: JSONObject) { self.init(JSON.object(json).compact, readAs: json) }
}

extension Service {
    /// - Throws: `Failure` when the definition is not JSON, which no driver writes.
    func definitionJSON() throws(Failure) -> JSONObject {
        try definition.value { text throws(Failure) in
            do throws(JSONError) {
                return try JSON(parsing: text).object ?? JSONObject()
            } catch {
                throw Failure("The definition of \(id) is not JSON", details: [error.description])
            }
        }
    }
}
