import Digest
import FoundationEssentials
import Glibc
import Migration

extension Plan {
    /// What the id of this plan must be: `p-` and the digest of everything that a run of it would do.
    ///
    /// When the plan was made, how long it may take, what is free just now and the name of the pinned copy don't count:
    /// the same plan made twice has the same id.
    ///
    /// - Throws: `Failure` for a plan that JSON can't express.
    public func sealedID() throws(Failure) -> String {
        "p-" + SHA256.hexadecimal(of: try bare.canonicalText)
    }

    /// Refuses a plan that is not what was made under its id.
    ///
    /// - Parameter place: where the plan comes from, for the error.
    public func refuseUnlessSealed(at place: String, details: [String] = []) throws(Failure) {
        let sealed = try sealedID()
        guard id != sealed else { return }
        throw Failure(
            "This plan was changed after it was made", at: place,
            details: details.isEmpty
                ? ["its id is \(Plan.short(id)), and its content has \(Plan.short(sealed))"] : details,
            advice: "Change the environment or the runbook instead, commit, and make a new plan: "
                + "rz plan \(environment.name) -o FILE.", kind: .refused)
    }

    /// Without what may differ between two plans that do the same.
    var bare: Plan {
        var bare = self
        bare.id = ""
        bare.createdAt = Instant(milliseconds: 0)
        bare.source.copy = ""
        // What is free just now is shown, and is nothing that a run rests on.
        bare.capacity = nil
        bare.steps = steps.map { step in
            var step = step
            step.estimate = .zero
            return step
        }
        return bare
    }
}

extension Encodable {
    /// JSON with its keys in alphabetical order: equal values are equal texts.
    var canonicalText: String {
        get throws(Failure) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            do {
                return String(decoding: try encoder.encode(self), as: UTF8.self)
            } catch {
                throw Failure(error, doing: "Encoding a plan")
            }
        }
    }
}
