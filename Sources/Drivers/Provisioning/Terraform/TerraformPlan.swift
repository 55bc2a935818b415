import JSON
import Migration

/// What a saved plan would do, by content: which values it rests on and which objects it touches.
///
/// Source: Terraform, "JSON Output Format", https://developer.hashicorp.com/terraform/internals/json-format
struct TerraformPlan {
    /// The variables of the root module as Terraform resolved them.
    let variables: [String: JSON]
    let resources: [Resource]
    /// The servers that would be there, as far as that is known before they are.
    let inventory: Inventory

    struct Resource {
        let address: String
        let type: String
        let actions: [String]
        /// The object as it is, as it would be, and as it would be taken over.
        let objects: [JSON]
        /// As Terraform has it, with what is sensitive.
        let change: JSON?

        var isDestroyed: Bool { actions.contains("delete") }
    }

    /// - Parameters:
    ///   - text: the output of `terraform show -json` of a saved plan.
    ///   - groups: where the servers are in the outputs; nil for an output `inventory`.
    /// - Throws: `Failure` whose message holds no value, as they may be secrets.
    init(_ text: String, _ groups: [String: TerraformGroup]? = nil, at place: String) throws(Failure) {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: text)
        } catch {
            throw Failure("Terraform's plan can't be read", at: place, details: ["\(error)"])
        }
        guard json["format_version"]?.string != nil else { throw Failure("Terraform shows no plan", at: place) }
        var variables: [String: JSON] = [:]
        for (name, variable) in json["variables"]?.object ?? JSONObject() { variables[name] = variable["value"] }
        self.variables = variables
        resources = (json["resource_changes"]?.array ?? []).compactMap { Resource($0) }
        guard let groups else {
            inventory = Inventory(partly: json["output_changes"]?["inventory"]?["after"])
            return
        }
        var outputs: [String: JSON] = [:]
        for (name, change) in json["output_changes"]?.object ?? JSONObject() { outputs[name] = change["after"] }
        inventory = Inventory(partly: TerraformInventory(groups).json(partly: outputs))
    }
}

extension TerraformPlan {
    /// The servers, by name, that each resource stands for as it is now.
    func servers(_ inventory: Inventory) -> [String: [String]] {
        Dictionary(
            resources.map { resource in
                let hosts = inventory.hosts.filter { host in
                    TerraformProperty(of: .blue, servers: Inventory(groups: ["": [host]]))
                        .claims(resource.type, resource.change?["before"] ?? .null) != nil
                }
                return (resource.address, hosts.map(\.name))
            }, uniquingKeysWith: { first, _ in first })
    }
}

extension TerraformPlan.Resource {
    /// Nil for a data source, which only looks.
    fileprivate init?(_ json: JSON) {
        guard json["mode"]?.string == "managed", let address = json["address"]?.string,
            let type = json["type"]?.string
        else { return nil }
        change = json["change"]
        self.address = address
        self.type = type
        actions = (change?["actions"]?.array ?? []).compactMap(\.string)
        objects = [change?["before"], change?["after"], change?["importing"]].compactMap { $0 }
    }
}

extension Inventory {
    /// The servers of an output of which a plan knows only a part: what is unknown is left out.
    fileprivate init(partly json: JSON?) {
        self.init()
        for (group, servers) in json?.object ?? JSONObject() {
            groups[group] = (servers.array ?? []).map { server in
                Host(
                    name: server["name"]?.string ?? "", address: server["address"]?.string ?? "",
                    variables: server["id"]?.string.map { ["id": $0] } ?? [:])
            }
        }
    }
}

/// What belongs to a color, as far as its state says.
struct TerraformProperty {
    var color: Color
    var servers = Inventory()
    /// Type and id of each object: `aws_instance i-0abc`.
    var objects: Set<String> = []

    /// - Parameter state: the text of a state file, version 4; of an encrypted one nothing is known but the servers.
    init(of color: Color, servers: Inventory = Inventory(), state: String? = nil) {
        self.color = color
        self.servers = servers
        guard let json = state.flatMap({ try? JSON(parsing: $0) }) else { return }
        for resource in json["resources"]?.array ?? [] where resource["mode"]?.string == "managed" {
            guard let type = resource["type"]?.string else { continue }
            for instance in resource["instances"]?.array ?? [] {
                guard let id = instance["attributes"]?["id"]?.string else { continue }
                objects.insert("\(type) \(id)")
            }
        }
    }

    /// Why an object belongs to this color, for people; nil when nothing says so.
    func claims(_ type: String, _ object: JSON) -> String? {
        if let id = object["id"]?.string, objects.contains("\(type) \(id)") { return "it is \(id) of \(color)" }
        guard let fields = object.object else { return nil }
        for (name, value) in fields {
            if let reason = claim(name, value) { return reason }
            // Providers keep names in tags, terraform_data keeps everything in `input`.
            for (inner, value) in value.object ?? JSONObject() {
                if let reason = claim(inner, value) { return reason }
            }
        }
        return nil
    }

    private func claim(_ field: String, _ value: JSON) -> String? {
        guard let text = value.string, !text.isEmpty, TerraformProperty.identities.contains(field.lowercased()) else {
            return nil
        }
        guard let host = servers.hosts.first(where: { [$0.name, $0.address, $0.variables["id"]].contains(text) }) else {
            return nil
        }
        return "its \(field) \(text) is that of \(color)'s server \(host.name)"
    }

    /// The attributes by which providers distinguish servers.
    private static let identities: Set<String> = [
        "id", "name", "hostname", "address", "ip", "ip_address", "ipv4_address", "ipv6_address", "private_ip",
        "public_ip", "fixed_ip", "fixed_ip_v4", "access_ip_v4", "access_ip_v6", "default_ipv4_address",
    ]
}
