import Migration

/// One state of Terraform and all that belongs to it: each color has its own, the disks a third.
///
/// Workspaces are not used: a mistyped name silently plans a second data centre.
enum TerraformScope: Sendable, Equatable {
    case color(Color)
    case disks

    var name: String {
        switch self {
        case .color(let color): color.rawValue
        case .disks: "disks"
        }
    }

    /// For people.
    var subject: String {
        switch self {
        case .color(let color): "the servers of \(color)"
        case .disks: "the data disks"
        }
    }

    var noun: String { self == .disks ? "disks" : "servers" }
}

/// Where the files of one scope are.
struct TerraformFolder: Sendable {
    /// The root module.
    let module: String
    /// rz's own folder for this scope; holds secrets, as Terraform states do.
    let path: String

    var state: String { path + "/terraform.tfstate" }
    var data: String { path + "/data" }
    var plan: String { path + "/plan.bin" }
    var ledger: TerraformLedger { TerraformLedger(folder: path) }
    var record: ProcessRecord { ProcessRecord(path: path + "/running") }
    /// What Terraform noted of the backend when it was initialised.
    var backend: String { data + "/terraform.tfstate" }
}
