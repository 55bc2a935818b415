import FoundationEssentials
import Glibc
import Migration
import SafeFiles

/// One line of a file of faults: what goes wrong, and at which steps.
public struct AssumedFault: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case callFails, callKeepsFailing, answerLost, killed
        case loadBalancerDown, loadBalancerReloaded, newColorLost, newColorErrors
    }

    public var kind: Kind
    /// A pattern for steps; `*` stands for any text.
    public var step = "*"
    /// A pattern for load balancers.
    public var loadBalancer = "*"
    public var length = Period.minutes(1)
    /// Of the answers that are errors.
    public var share = Percent(10)

    /// For people: what goes wrong, and where.
    public var description: String {
        let place = [.loadBalancerDown, .loadBalancerReloaded].contains(kind) ? " of \(loadBalancer)" : ""
        return "\(kind.rawValue)\(place) at step \(step)"
    }
}

/// A file of faults for `rz simulate ENVIRONMENT --faults FILE`.
enum FaultsFormat {
    static let shape = Shape.object([
        .required("faults", .list(fault, atLeast: 1), "what goes wrong, each in a run of its own")
    ])

    private static let fault = Shape.object([
        .required(
            "fault", .choice(AssumedFault.Kind.allCases.map(\.rawValue)), "what goes wrong",
            example: "loadBalancerDown"),
        .optional(
            "step", .text, "a pattern for the steps at which it happens, each in a run of its own", default: "\"*\"",
            example: "cutOver/*"),
        .optional(
            "loadBalancer", .text, "a pattern for the load balancers that it happens to", default: "\"*\"",
            example: "edge-1"),
        .optional("for", .periodAboveZero, "how long it lasts", default: Period.minutes(1), example: "5m"),
        .optional(
            "share", .percent, "of the new color's answers, for `newColorErrors`", default: Percent(10), example: "20%"),
    ])

    static func faults(_ value: Value) -> [AssumedFault] {
        (value["faults"]?.list ?? []).compactMap { line in
            guard let kind = line["fault"].flatMap({ AssumedFault.Kind(rawValue: $0.text) }) else { return nil }
            var fault = AssumedFault(kind: kind)
            if let step = line["step"] { fault.step = step.text }
            if let loadBalancer = line["loadBalancer"] { fault.loadBalancer = loadBalancer.text }
            if let length = line["for"] { fault.length = length.period }
            if let share = line["share"] { fault.share = share.percent }
            return fault
        }
    }
}

extension AssumedFault {
    /// Reads a file of faults.
    ///
    /// - Throws: `ConfigurationError` with everything that is wrong with it, `Failure` when it can't be read.
    public static func read(_ path: String) throws -> [AssumedFault] {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw Failure("The file of faults can't be read", at: path, details: [FileProblem.reason(of: error)])
        }
        var reader = Reader(file: path)
        let value = reader.read(text, as: FaultsFormat.shape)
        guard let value, reader.problems.isEmpty else { throw ConfigurationError(reader.problems) }
        return FaultsFormat.faults(value)
    }
}
