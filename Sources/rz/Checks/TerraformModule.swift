import FoundationEssentials
import Glibc
import Migration
import Provisioning

/// The files of a root module, as far as they can be judged without its providers and its state.
struct TerraformModule {
    /// Of `provision.terraform`.
    let key: String
    let path: String
    let environmentFolder: String

    private var folder: String { path.hasPrefix("/") ? path : "\(environmentFolder)/\(path)" }

    func problems() async -> [CheckResult] {
        let advice = "Correct `provision.terraform.\(key)` in environment.yaml, or put the module there."
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            let reason = access(folder, F_OK) != 0 ? "is not there" : "is not a folder that can be read"
            return [problem("the folder \(path) of `\(key)` \(reason)", advice)]
        }
        let files = names.sorted().filter { name in
            [".tf", ".tf.json", ".tofu", ".tofu.json"].contains { name.hasSuffix($0) }
        }
        guard !files.isEmpty else {
            return [problem("the folder \(path) of `\(key)` holds no Terraform file", advice)]
        }
        let unreadable = files.filter { access("\(folder)/\($0)", R_OK) != 0 }
        guard unreadable.isEmpty else {
            return unreadable.map { problem("\(path)/\($0) can't be read", "Make it readable by this user.") }
        }
        return await syntax() + lockFile(files, names)
    }

    private func problem(_ text: String, _ advice: String) -> CheckResult {
        CheckResult(.problem, "terraform", text, advice: advice)
    }

    /// Providers are installed as the lock file says, which must be in the commit.
    private func lockFile(_ files: [String], _ names: [String]) -> [CheckResult] {
        guard !names.contains(".terraform.lock.hcl") else { return [] }
        let providers = Set(files.filter { !$0.hasSuffix(".json") }.flatMap { named(in: "\(folder)/\($0)") })
        guard !providers.isEmpty else { return [] }
        return [
            problem(
                "\(path) has no .terraform.lock.hcl, and needs \(providers.sorted().joined(separator: ", "))",
                "Run there: terraform init -backend=false; commit .terraform.lock.hcl, and ignore .terraform in Git.")
        ]
    }

    /// Those that blocks of a file name. What is built in needs no lock file.
    private func named(in file: String) -> [String] {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count > 1, ["resource", "data", "ephemeral", "provider"].contains(words[0]),
                words[1].hasPrefix("\""),
                let name = words[1].split(whereSeparator: { "\"_".contains($0) }).first, name != "terraform"
            else { return nil }
            return String(name)
        }
    }

    /// `terraform fmt` reads the whole language and needs neither providers nor a state. It writes nothing here.
    private func syntax() async -> [CheckResult] {
        do throws(Failure) {
            guard let binary = try Tool.terraform() else { return [] }
            var variables = InheritedEnvironment().variables
            variables["CHECKPOINT_DISABLE"] = "1"
            variables["TF_CLI_CONFIG_FILE"] = nil
            let (output, errors) = (try OutputFile(), try OutputFile())
            let end = try await ChildProcess(
                Command(
                    binary, ["fmt", "-write=false", "-list=false", "-no-color", "."], environment: variables,
                    folder: folder, deadline: .seconds(30))
            ).run(output: output, errors: errors)
            guard !end.isSuccess else { return [] }
            let lines = errors.lines().map { line in
                String(line.drop { !$0.isLetter })
            }
            let found = lines.filter { $0.hasPrefix("Error: ") || $0.hasPrefix("on ") }
            return [
                problem(
                    "Terraform can't read \(path): \((found.isEmpty ? lines : found).joined(separator: "; "))",
                    "Correct the file.")
            ]
        } catch {
            return [CheckResult("terraform", error)]
        }
    }
}
