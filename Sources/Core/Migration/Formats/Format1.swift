/// How rz wrote plans before their form had a version (up to commit cff9a7f): as Swift 6.3 writes enums by itself.
/// Journals in the field hold such plans, so every later version reads them; none writes them.
///
/// A case is an object with its name as the only key, and its values in an object under it:
/// `{"shift":{"to":"10%","bake":"1m"}}`. A value without a name is `_0`: `{"launch":{"_0":"/shop/cart"}}`.
enum Format1 {
    static let unnamed: WireKey = "_0"

    /// The key that the only value of an action has had since.
    static func name(ofValueIn action: String) -> String { action == "soak" ? "for" : "service" }

    static func taggedFields(
        in container: KeyedDecodingContainer<WireKey>
    ) throws -> (type: String, fields: KeyedDecodingContainer<WireKey>) {
        guard container.allKeys.count == 1, let name = container.allKeys.first else {
            throw DecodingError.keyNotFound(
                WireKey.type,
                DecodingError.Context(codingPath: container.codingPath, debugDescription: "it does not say what it is"))
        }
        return (name.stringValue, try container.nestedContainer(keyedBy: WireKey.self, forKey: name))
    }
}
