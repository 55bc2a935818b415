/// Where Terraform keeps the states, in place of rz's own folder: `backend` of the root module, filled in per state.
public struct TerraformBackend: Codable, Sendable, Hashable {
    /// Terraform's name of it: `http`, `pg`, `s3`.
    public var type: String
    /// Its settings, without secrets, as Terraform writes them into its data directory and its plans. `{{ color }}`
    /// stands for `blue`, `green` or `disks`.
    public var config: [String: Setting]
    /// By environment variable of Terraform's: what it authenticates with. References to secrets only.
    public var credentials: [String: Setting]

    public init(type: String, config: [String: Setting], credentials: [String: Setting] = [:]) {
        self.type = type
        self.config = config
        self.credentials = credentials
    }

    /// The settings of one state.
    ///
    /// - Parameter state: `blue`, `green` or `disks`.
    public func config(of state: String) -> [String: Setting] {
        config.mapValues { Setting(TerraformBackend.fill($0.text, state)) }
    }

    /// The same with the texts between its references unchanged but for `{{ color }}`.
    private static func fill(_ text: String, _ state: String) -> String {
        text.split(separator: "{{", omittingEmptySubsequences: false).enumerated().map { number, piece in
            guard number > 0 else { return String(piece) }
            guard let end = piece.firstRange(of: "}}"), piece[..<end.lowerBound].filter({ $0 != " " }) == "color" else {
                return "{{" + piece
            }
            return state + piece[end.upperBound...]
        }.joined()
    }

    /// What is wrong with it, by the setting that it is about (`config.address`, `credentials.X`, or empty for the
    /// backend itself).
    public var problems: [(key: String, message: String)] {
        if type == "local" {
            return [("type", "leave `backend` out: rz keeps local states in its own folder, one for each color")]
        }
        if let reason = TerraformBackend.withoutState[type] { return [("type", reason)] }
        return [sharedState].compactMap(\.self) + secretProblems + lockProblems
    }

    /// Two states must never have one address: whoever destroys one color would destroy the other.
    private var sharedState: (key: String, message: String)? {
        let places = TerraformBackend.addresses[type]
        let candidates = config.filter { places?.contains($0.key) ?? true }
        guard !candidates.contains(where: { TerraformBackend.fill($0.value.text, "blue") != $0.value.text }) else {
            return nil
        }
        let names = (places ?? config.keys.sorted()).map { "`\($0)`" }.joined(separator: " or ")
        return (
            "config",
            "both colors would have one state: write {{ color }} into \(names.isEmpty ? "its address" : names)"
        )
    }

    private var secretProblems: [(key: String, message: String)] {
        let shown = config.filter {
            $0.value.refersToSecret || $0.value.text.passwordInURL != nil || SecretName.matches($0.key)
        }
        return shown.keys.sorted().map {
            (
                "config.\($0)",
                "Terraform writes its backend's settings into files: give a secret under `credentials`, "
                    + "by the variable that Terraform reads (\(TerraformBackend.variables[type] ?? "see its documentation"))"
            )
        }
            + credentials.keys.filter(TerraformBackend.changesTerraform).sorted().map {
                ("credentials.\($0)", "this variable is not for a backend: it changes what Terraform does")
            }
            + credentials.filter { !$0.value.refersToSecret }.keys.sorted().map {
                ("credentials.\($0)", "a credential is a reference: \"${env:\($0)}\" or \"${file:PATH}\"")
            }
    }

    private static func changesTerraform(_ variable: String) -> Bool {
        let isTerraforms = variable.hasPrefix("TF_") && !variable.hasPrefix("TF_HTTP_")
        return isTerraforms || variable.hasPrefix("LD_") || ["PATH", "HOME"].contains(variable)
    }

    /// Without a lock two operators change one state at once, and one of them loses what they built.
    private var lockProblems: [(key: String, message: String)] {
        switch type {
        case "http":
            guard config["lock_address"] != nil, config["unlock_address"] != nil else {
                return [
                    ("config", "without `lock_address` and `unlock_address` Terraform locks no state of `http`")
                ]
            }
            return ["lock_address", "unlock_address"].compactMap { name in
                guard let text = config[name]?.text, TerraformBackend.fill(text, "blue") == text else { return nil }
                return ("config.\(name)", "both colors would have one lock: write {{ color }} into it")
            }
        case "s3":
            guard config["use_lockfile"]?.text == "true" || config["dynamodb_table"] != nil else {
                return [
                    ("config", "without `use_lockfile: true` or `dynamodb_table` Terraform locks no state of `s3`")
                ]
            }
            return []
        default: return []
        }
    }

    /// By backend: the settings that make one state another one.
    private static let addresses: [String: [String]] = [
        "http": ["address"], "pg": ["schema_name"], "s3": ["key", "bucket"], "gcs": ["prefix", "bucket"],
        "azurerm": ["key", "container_name"], "consul": ["path"], "kubernetes": ["secret_suffix", "namespace"],
        "cos": ["prefix", "key", "bucket"], "oss": ["prefix", "key", "bucket"],
    ]

    private static let variables = [
        "http": "TF_HTTP_USERNAME, TF_HTTP_PASSWORD", "pg": "PG_CONN_STR",
        "s3": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY", "gcs": "GOOGLE_CREDENTIALS",
        "azurerm": "ARM_ACCESS_KEY, ARM_CLIENT_SECRET", "consul": "CONSUL_HTTP_TOKEN", "kubernetes": "KUBE_TOKEN",
    ]

    private static let withoutState = [
        "remote": "`remote` runs Terraform elsewhere: rz has to run it itself",
        "cloud": "`cloud` runs Terraform elsewhere: rz has to run it itself",
    ]
}
