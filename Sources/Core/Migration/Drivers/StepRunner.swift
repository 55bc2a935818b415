/// Runs what operators add to a runbook.
public protocol StepRunner: Sendable {
    /// Runs a program; its output arrives line by line through `report`.
    func run(_ work: ExecWork, inventory: Inventory, report: Report) async throws(Failure)
    /// Makes a request and compares the status of the answer.
    func call(_ work: HTTPWork, inventory: Inventory) async throws(Failure)
}
