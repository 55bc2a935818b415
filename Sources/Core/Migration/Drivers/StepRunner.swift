/// Runs what operators add to a runbook.
public protocol StepRunner: Sendable {
    /// Runs a program; its output arrives line by line through `report`.
    ///
    /// - Returns: what it gives to later steps, as it wrote it.
    func run(_ work: ExecWork, inventory: Inventory, report: Report) async throws(Failure) -> [String: String]
    /// Makes a request and compares the status of the answer.
    ///
    /// - Returns: what the answer holds where the outputs say, as texts.
    func call(_ work: HTTPWork, inventory: Inventory) async throws(Failure) -> [String: String]
}
