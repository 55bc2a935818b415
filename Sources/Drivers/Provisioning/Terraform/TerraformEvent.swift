import JSON

/// One line of Terraform's `-json` output, as far as rz needs it.
///
/// Source: Terraform, "Machine-Readable UI", https://developer.hashicorp.com/terraform/internals/machine-readable-ui
enum TerraformEvent: Equatable, Sendable {
    case planned(TerraformResource, action: String)
    case summary(operation: String, add: Int, change: Int, remove: Int)
    case started(TerraformResource, action: String)
    case progressed(TerraformResource, action: String, seconds: Int)
    case completed(TerraformResource, action: String)
    case errored(TerraformResource, action: String)
    case diagnostic(TerraformDiagnostic)
    /// A kind that says nothing to rz: refreshes, outputs, versions, kinds of later Terraforms.
    case other(type: String)

    /// Nil for a line that is no event: Terraform cut off in the middle, or another program's words.
    init?(line: String) {
        guard let json = try? JSON(parsing: line), let type = json["type"]?.string else { return nil }
        let hook = json["hook"]
        let action = (hook ?? json["change"])?["action"]?.string ?? ""
        let resource = TerraformResource((hook ?? json["change"])?["resource"])
        switch (type, resource) {
        case ("planned_change", let resource?): self = .planned(resource, action: action)
        case ("apply_start", let resource?): self = .started(resource, action: action)
        case ("apply_progress", let resource?):
            self = .progressed(resource, action: action, seconds: hook?["elapsed_seconds"]?.int ?? 0)
        case ("apply_complete", let resource?): self = .completed(resource, action: action)
        case ("apply_errored", let resource?): self = .errored(resource, action: action)
        case ("change_summary", _):
            let changes = json["changes"]
            self = .summary(
                operation: changes?["operation"]?.string ?? "", add: count(changes?["add"]),
                change: count(changes?["change"]), remove: count(changes?["remove"]))
        case ("diagnostic", _):
            guard let diagnostic = TerraformDiagnostic(json["diagnostic"]) else { return nil }
            self = .diagnostic(diagnostic)
        default: self = .other(type: type)
        }
    }
}

/// A number of resources or tasks; sums of what no one can have must not overflow.
func count(_ json: JSON?) -> Int { min(max(0, json?.int ?? 0), 1_000_000) }

/// A resource of a module.
struct TerraformResource: Hashable, Sendable {
    /// Names it for Terraform: `module.a.terraform_data.server["blue-agent-1"]`.
    var address: String
    var type: String
    /// Names it for people: `blue-agent-1`.
    var name: String

    init?(_ json: JSON?) {
        guard let json, let address = json["addr"]?.string else { return nil }
        self.address = address
        type = json["resource_type"]?.string ?? ""
        let own = json["resource_name"]?.string ?? address
        name = json["resource_key"]?.string ?? json["resource_key"]?.int.map { "\(own)[\($0)]" } ?? own
    }
}

/// A warning or an error in Terraform's words.
struct TerraformDiagnostic: Equatable, Sendable {
    var isError: Bool
    var summary: String
    var detail: String
    var address: String?
    /// `main.tf:6`.
    var place: String?

    init?(_ json: JSON?) {
        guard let json, let summary = json["summary"]?.string else { return nil }
        isError = json["severity"]?.string == "error"
        self.summary = summary
        detail = json["detail"]?.string ?? ""
        address = json["address"]?.string
        if let range = json["range"], let file = range["filename"]?.string {
            place = file + (range["start"]?["line"]?.int.map { ":\($0)" } ?? "")
        }
    }
}
