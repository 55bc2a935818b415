import Digest
import FoundationEssentials
import Glibc
import Migration

extension KeptServices {
    /// What a plan that moves these services knows them by, whenever they were looked at.
    public func digest() throws(Failure) -> String {
        var same = self
        same.time = Instant(milliseconds: 0)
        return SHA256.hexadecimal(of: try same.canonicalText)
    }

    /// The text of the file that keeps them.
    public func fileText() throws(Failure) -> String { try canonicalText + "\n" }

    /// - Parameter place: the file, for the error.
    public static func read(_ text: [UInt8], at place: String) throws(Failure) -> KeptServices {
        do {
            return try JSONDecoder().decode(KeptServices.self, from: Data(text))
        } catch let newer as NewerFormat {
            throw Failure(newer.summary, at: place, advice: NewerFormat.advice, kind: .refused)
        } catch {
            // What is wrong is not shown: the file holds definitions.
            throw Failure(
                "This is not a file of services that rz kept", at: place,
                advice: "Move it away. While the color answers, `rz plan` keeps another.", kind: .refused)
        }
    }

    /// Refuses services that are not those of a plan.
    public func refuseUnless(_ unreachable: UnreachableColor, at place: String) throws(Failure) {
        guard try digest() != unreachable.digest else { return }
        throw Failure(
            "The services that were kept of \(color) are not those of the plan", at: place,
            details: ["the plan moves those of \(unreachable.keptAt), the file has those of \(time)"],
            advice: "Put the file of then back, for example from a backup; then: rz resume.", kind: .refused)
    }
}
