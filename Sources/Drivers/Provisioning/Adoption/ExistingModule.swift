import JSON
import Migration

/// The files of a root module that rz did not write. Only read.
public struct ExistingModule: Sendable {
    public let folder: String
    /// By path below the folder: what a copy of it has. States, values of variables and what Terraform keeps for itself
    /// stay behind.
    public let files: [String: ProjectFiles.File]
    /// What was left behind besides those: links and files that are no text.
    public let leftOut: [String]
    /// Where its state is kept now: `local`, or another backend's name.
    public let backend: String
    public let variables: [Variable]
    /// Sources of modules outside of the folder.
    public let outside: [String]

    /// A variable of the module.
    public struct Variable: Sendable, Hashable {
        public var name: String
        /// As it is given by the files of values; nil where the module's default holds, or none is known.
        public var value: JSON?
        public var hasDefault: Bool
        /// Whether its value is never shown nor written.
        public var isSecret: Bool
    }

    /// - Parameters:
    ///   - folder: an absolute path.
    ///   - valueFiles: paths of more `*.tfvars` files, the last of which counts.
    public init(_ folder: String, valueFiles: [String]) throws(Failure) {
        guard Files.isFolder(folder) else {
            throw Failure("There is no Terraform module", at: folder, advice: "Name its folder with --terraform.")
        }
        self.folder = folder
        let found = try ProjectFiles(of: folder)
        var files = found.files
        let own = files.keys.filter { $0.hasSuffix(".tf") && !$0.contains("/") }.sorted()
        guard !own.isEmpty else {
            throw Failure(
                "The folder holds no Terraform file", at: folder,
                advice: "Name the folder of the root module with --terraform.")
        }
        var backend = "local"
        var declared: [ModuleText.Block] = []
        var outside: [String] = []
        var names: Set<String> = []
        for path in own {
            guard let content = files[path]?.text else { continue }
            let text = ModuleText(content)
            let blocks = text.blocks("backend", in: "terraform") + text.blocks("cloud", in: "terraform")
            if let type = blocks.first.map({ $0.labels.first ?? "cloud" }) { backend = type }
            if !blocks.isEmpty {
                files[path]?.text = text.replacing(Array(blocks.prefix(1)), with: "backend \"local\" {}")
                names.insert(path)
            }
            declared += text.blocks("variable")
            outside += text.blocks("module").compactMap { block in
                ExistingModule.setting("source", in: block.body).flatMap { $0.hasPrefix("../") ? $0 : nil }
            }
        }
        if names.isEmpty {
            files["rz-backend.tf"] = ProjectFiles.File(
                text: "terraform {\n  backend \"local\" {}\n}\n", isExecutable: false)
        }
        let values = try ExistingModule.values(folder, valueFiles)
        variables = declared.compactMap { block -> Variable? in
            guard let name = block.labels.first else { return nil }
            let isSensitive = ExistingModule.setting("sensitive", in: block.body) == "true"
            return Variable(
                name: name, value: values[name] ?? nil,
                hasDefault: ExistingModule.setting("default", in: block.body) != nil,
                isSecret: isSensitive || SecretName.matches(name)
                    || (values[name] ?? nil).map(ExistingModule.holdsSecret) == true)
        }.sorted { $0.name < $1.name }
        (self.files, leftOut, self.backend, self.outside) = (files, found.leftOut, backend, outside.sorted())
    }

    /// A setting at the top of a block, as it is written, without its quotation marks.
    private static func setting(_ name: String, in body: String) -> String? {
        for line in body.split(whereSeparator: \.isNewline) {
            let line = line.prefix { $0 != "#" }
            let words = line.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
            guard words.count == 2, words[0] == name else { continue }
            return words[1].filter { $0 != "\"" }
        }
        return nil
    }

    /// Whether a part of a value is called like a secret, or is a URL with a password.
    private static func holdsSecret(_ value: JSON) -> Bool {
        if let object = value.object {
            return object.contains { SecretName.matches($0.key) || holdsSecret($0.value) }
        }
        if let list = value.array { return list.contains(where: holdsSecret) }
        return value.string?.passwordInURL != nil
    }

    private static func values(_ folder: String, _ more: [String]) throws(Failure) -> [String: JSON?] {
        let names = Files.names(in: folder)
        let automatic =
            ["terraform.tfvars", "terraform.tfvars.json"].filter(names.contains)
            + names.filter { $0.hasSuffix(".auto.tfvars") || $0.hasSuffix(".auto.tfvars.json") }
        var values: [String: JSON?] = [:]
        for path in automatic.map({ folder + "/" + $0 }) + more {
            guard let text = Files.textIfThere(path) else {
                throw Failure("A file of variables can't be read", at: path, advice: "Correct --var-file.")
            }
            if path.hasSuffix(".json") {
                for (name, value) in (try? JSON(parsing: text))?.object ?? JSONObject() { values[name] = value }
            } else {
                for (name, value) in VariablesFile(text).values { values[name] = .some(value) }
            }
        }
        return values
    }
}
