import Migration

/// Keeps every apply away from what is on the data disks (invariant I3), whatever their module says.
struct TerraformDiskGuard {
    private let folder: TerraformFolder
    /// Where people change the state by hand.
    private let place: String

    init(_ runner: TerraformRunner) {
        folder = runner.folder
        place = runner.remote == nil ? folder.state : folder.store
    }

    /// Refuses a plan that would take a disk away, and one that relies on a disk of which no one knows whether it is whole.
    func refuse(_ changes: ProvisioningChanges) throws(Failure) {
        let lost = changes.replace + changes.remove
        guard lost.isEmpty else {
            throw Failure(
                "Data disks would be destroyed: \(lost.joined(separator: ", ")); nothing was changed",
                at: folder.module, details: ["rz never destroys or replaces a data disk"],
                advice: "Take the change out of the module, or make it by hand, once the data is safe.", kind: .refused)
        }
        let doubtful = changes.inDoubt.filter { !changes.add.contains($0) }
        guard doubtful.isEmpty else {
            throw Failure(
                "Data disks were begun by an interrupted run and may be unfinished: "
                    + doubtful.joined(separator: ", "),
                at: folder.module, details: folder.ledger.unfinished,
                advice: "Look at them. If they are whole, delete the files named above; if not, take them out of "
                    + "the state with `terraform state rm`, in \(place). Then: rz resume.",
                kind: .refused)
        }
    }

    /// Refuses one module for both: to destroy servers would then reach the disks.
    static func refuseSharedModule(_ root: TerraformRoot, at place: String) throws(Failure) {
        func parts(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }
        guard let disks = root.disks, parts(disks) == parts(root.root) else { return }
        throw Failure(
            "Servers and data disks share the root module \(root.root)", at: place,
            advice: "Give the disks a module of their own: whoever destroys servers must not reach them.",
            kind: .refused)
    }
}
