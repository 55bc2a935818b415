import FoundationEssentials
import Glibc
import JSON
import Migration

extension Encodable where Self: Decodable {
    /// The same with controls in its texts shown as escapes: a name or a finding holds what an outside system said.
    var shown: Self {
        guard let written = try? JSON(parsing: Array(JSONEncoder().encode(self))) else { return self }
        let plain = written.mapTexts(\.visible)
        if plain == written { return self }
        return (try? JSONDecoder().decode(Self.self, from: Data(plain.compact.utf8))) ?? self
    }
}
