import FoundationEssentials
import Glibc
import Migration
import Provisioning

/// The programs that rz runs, with their versions.
struct ToolChecks {
    /// Where tools may be installed, in `.venv/bin`; nil outside of a checkout.
    let checkout: String?
    /// Nil to look at all that some environment may need.
    let environment: Environment?

    var checks: [Check] {
        let provision = environment?.provision
        return [
            check("git", ["--version"], isNeeded: true, "Install it: apt-get install git") { () throws(Failure) in
                try Tool.find("git")
            },
            check(
                "terraform or tofu", ["version"], isNeeded: provision?.terraform != nil && provision?.static == nil,
                provision.map { $0.terraform == nil } ?? false
                    ? "This environment needs neither."
                    : "Install Terraform or OpenTofu; without one, only `provision.static` works.", find: Tool.terraform
            ),
            check(
                "ansible-playbook", ["--version"], isNeeded: environment?.configure != nil,
                "Install ansible-core (a checkout of rz: scripts/setup); without it, no server is configured."
            ) { [checkout] () throws(Failure) in
                try Tool.ansible(checkout)
            },
            check(
                "haproxy", ["-v"], isNeeded: false, "Only the sandbox runs it on this host: apt-get install haproxy"
            ) { () throws(Failure) in
                if let haproxy = try Tool.find("haproxy") { return haproxy }
                return access("/usr/sbin/haproxy", X_OK) == 0 ? "/usr/sbin/haproxy" : nil
            },
            check("python3", ["--version"], isNeeded: false, "The sandbox needs it: apt-get install python3") {
                () throws(Failure) in try Tool.find("python3")
            },
        ]
    }

    private func check(
        _ name: String, _ arguments: [String], isNeeded: Bool, _ advice: String,
        find: @escaping @Sendable () throws(Failure) -> String?
    ) -> Check {
        Check(name, within: .seconds(30)) {
            do throws(Failure) {
                guard let path = try find() else {
                    return [CheckResult(isNeeded ? .problem : .note, name, "not found on the PATH", advice: advice)]
                }
                return [await version(of: name, at: path, arguments)]
            } catch {
                return [CheckResult(name, error)]
            }
        }
    }

    private func version(of name: String, at path: String, _ arguments: [String]) async -> CheckResult {
        do throws(Failure) {
            let output = try OutputFile()
            var variables = InheritedEnvironment().variables
            variables["CHECKPOINT_DISABLE"] = "1"
            variables["TF_CLI_CONFIG_FILE"] = nil
            let end = try await ChildProcess(
                Command(path, arguments, environment: variables, folder: "/", deadline: .seconds(20))
            ).run(output: output, errors: try OutputFile())
            guard end.isSuccess, let version = output.lines().first(where: { !$0.isEmpty }) else {
                return CheckResult(
                    .problem, name, "\(path) does not report its version",
                    advice: "Run it by hand: \(path) \(arguments.joined(separator: " "))")
            }
            return CheckResult(.ok, name, "\(version) (\(path))")
        } catch {
            return CheckResult(name, error)
        }
    }
}
