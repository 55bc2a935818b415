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

    /// Reads a plan from its text, of this format or an older one.
    ///
    /// - Parameter place: where the text comes from, for the error.
    /// - Throws: `Failure`; of kind `.refused` for a plan that only a newer rz can read.
    public static func plan(from text: [UInt8], at place: String = "the journal") throws(Failure) -> Plan {
        guard text.count <= largest else {
            throw Failure(
                "This is not a plan: it is longer than \(largest >> 20) MiB", at: place,
                advice: "Make a new one: rz plan ENVIRONMENT -o FILE.")
        }
        do {
            return try JSONDecoder().decode(Plan.self, from: Data(text))
        } catch let newer as NewerFormat {
            throw Failure(newer.summary, at: place, advice: NewerFormat.advice, kind: .refused)
        } catch {
            throw Failure(
                "This is not a plan that this version of rz can read", at: place, details: ["\(error)"],
                advice: "Make a new one: rz plan ENVIRONMENT -o FILE.")
        }
    }
    /// Reads a plan that `rz plan -o` saved: what runs is what was approved, so that its seal must be one of this format.
    ///
    /// - Throws: as `plan(from:at:)`, and a `Failure` of kind `.refused` for a plan of an older format.
    public static func savedPlan(from text: [UInt8], at file: String) throws(Failure) -> Plan {
        let plan = try plan(from: text, at: file)
        let version = (try? JSONDecoder().decode(Version.self, from: Data(text)))?.formatVersion ?? 1
        guard version == FormatVersion.plan else {
            throw Failure(
                "This plan was saved by an older rz: it has format \(version), and this rz runs saved plans of "
                    + "format \(FormatVersion.plan)", at: file,
                advice: "Make a new one: rz plan \(plan.environment.name) -o FILE.", kind: .refused)
        }
        return plan
    }

    private struct Version: Decodable { var formatVersion: Int? }
}
