import JSON
import Migration

/// Proves that a plan is for the color that is meant, before anything is changed (invariant I11): it rests on the values
/// that rz handed, and touches nothing that is the other color's.
struct TerraformTarget {
    let scope: TerraformScope
    let module: String
    let variables: TerraformVariables
    /// What must stay as it is; nil for the disks, which are no color's.
    let other: TerraformProperty?

    func refuse(_ plan: TerraformPlan) throws(Failure) {
        let differences = variables.differences(from: plan.variables)
        guard differences.isEmpty else {
            throw Failure(
                "Terraform would work on \(scope.subject) with other variables than it was handed; "
                    + "nothing was changed",
                at: module, details: differences,
                advice: "Look for what gives these variables in place of rz: a program that wraps Terraform, a "
                    + "variables file.",
                kind: .refused)
        }
        guard let other else { return }
        let reached =
            plan.resources.compactMap { resource in
                resource.objects.lazy.compactMap { other.claims(resource.type, $0) }.first
                    .map { "\(resource.address): \($0)" }
            } + plan.inventory.overlaps(with: other.servers)
        guard reached.isEmpty else {
            throw Failure(
                "Terraform's plan for \(scope.subject) reaches into \(other.color); nothing was changed", at: module,
                details: reached,
                advice: "Let every name and address in the module follow `var.color`, commit, then: "
                    + "rz resume --commit HEAD. If the state itself holds what is \(other.color)'s, take that out with "
                    + "`terraform state rm`.",
                kind: .refused)
        }
    }
}
