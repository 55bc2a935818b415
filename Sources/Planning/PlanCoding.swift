import FoundationEssentials
import Glibc
import Migration

/// Plans as JSON text: what `rz plan -o` saves and the journal keeps.
public enum PlanCoding {
    /// A plan of a thousand services takes a few hundred kilobytes.
    public static let largest = 64 << 20

    /// Keys in alphabetical order, so that equal plans are equal texts.
    public static func text(of plan: Plan) throws(Failure) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(plan), as: UTF8.self)
        } catch {
            throw Failure(error, doing: "Encoding the plan")
        }
    }

    /// Reads a plan from its text.
    ///
    /// - Parameter place: where the text comes from, for the error.
    public static func plan(from text: [UInt8], at place: String = "the journal") throws(Failure) -> Plan {
        guard text.count <= largest else {
            throw Failure(
                "This is no plan: it is longer than \(largest >> 20) MiB", at: place,
                advice: "Make a new one: rz plan ENVIRONMENT -o FILE.")
        }
        do {
            return try JSONDecoder().decode(Plan.self, from: Data(text))
        } catch {
            throw Failure(
                "This is not a plan that this version of rz can read", at: place, details: ["\(error)"],
                advice: "Make a new one: rz plan ENVIRONMENT -o FILE.")
        }
    }
}
