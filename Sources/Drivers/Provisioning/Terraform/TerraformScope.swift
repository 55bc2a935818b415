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

    var color: Color? { if case .color(let color) = self { color } else { nil } }

    var noun: String { self == .disks ? "disks" : "servers" }
}

/// Where the files of one scope are.
struct TerraformFolder: Sendable {
    /// The root module.
    let module: String
    /// rz's own folder for this scope; holds secrets, as Terraform states do.
    let path: String
    /// Where commands work: `path` for the one rz that changes servers.
    let work: String

    init(module: String, path: String) {
        self.init(module: module, path: path, work: path)
    }

    private init(module: String, path: String, work: String) {
        self.module = module
        self.path = path
        self.work = work
    }

    /// For commands that only look. Several rz may look at once, beside one that applies: they use a folder of their
    /// own, one after the other.
    var looking: TerraformFolder { TerraformFolder(module: module, path: path, work: path + "/look") }

    var state: String { path + "/terraform.tfstate" }
    var ledger: TerraformLedger { TerraformLedger(folder: path) }
    var record: ProcessRecord { ProcessRecord(path: path + "/running") }
    var data: String { work + "/data" }
    var plan: String { work + "/plan.bin" }
    var planEvents: String { work + "/plan.jsonl" }
    var errors: String { work + "/stderr.log" }
    /// Holds the backend's declaration and nothing else: reads the state without the module.
    var store: String { path + "/store" }
    /// Says where the state is, when it is not here.
    var place: String { path + "/backend" }
    var lock: String { work + "/lock" }
    /// What Terraform noted of the backend when it was initialised.
    var backend: String { data + "/terraform.tfstate" }
}
