/// Which HAProxys rz knows: its tests run on 2.6, 2.8, 3.0 and 3.2 (docs/operations.md).
enum HAProxyVersion {
    /// As its driver calls it.
    static let product = "HAProxy"

    /// Nil where there is nothing to say.
    static func remark(_ version: String, of subject: String) -> CheckResult? {
        let numbers = version.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        guard numbers.count == 2, version.first?.isNumber == true else {
            return CheckResult(
                .note, subject, "does not report its version: “\(version)”", advice: "rz needs HAProxy 2.6 or later.")
        }
        guard (numbers[0], numbers[1]) < (2, 6) else { return nil }
        return CheckResult(
            .problem, subject, "HAProxy \(version) is older than 2.6, which rz needs",
            advice: "Install HAProxy 2.6 or later there.")
    }
}
