/// Where in Terraform's outputs the servers of a group are; without it all are in an output `inventory`.
public struct TerraformGroup: Codable, Sendable, Hashable {
    /// The output: a list or a map, of objects or of texts.
    public var output: String
    /// The path to the list or map inside the output, keys and numbers with dots between: `cluster.nodes`.
    public var path: String?
    /// The paths of its fields inside a server. `@key` is its key in the map, `@value` the server itself, where it is a
    /// text. Nil for the usual: `name`, or `@key`; `address`, or `@value`.
    public var name: String?
    public var address: String?
    /// Becomes `ansible_port`.
    public var port: String?
    /// Variables of the server by name, each with its path; nil for every other key that the server has.
    public var attributes: [String: String]?

    public init(
        output: String, path: String? = nil, name: String? = nil, address: String? = nil, port: String? = nil,
        attributes: [String: String]? = nil
    ) {
        self.output = output
        self.path = path
        self.name = name
        self.address = address
        self.port = port
        self.attributes = attributes
    }
}
