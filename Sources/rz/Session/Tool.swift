import FoundationEssentials
import Glibc
import Migration
import SafeFiles

/// Programs that rz calls.
public enum Tool {
    /// The file of this process (proc(5), `/proc/self/exe`); nil without /proc.
    public static var runningExecutable: String? {
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &target, target.count)
        return length > 0 ? String(decoding: target.prefix(length), as: UTF8.self) : nil
    }

    static var terraform: String? { find("terraform") ?? find("tofu") }

    /// From the Python environment that `scripts/setup` makes in a checkout, else from the `PATH`. Git ignores that
    /// environment, so no policy sees who put it there: only one that no one else may change is run.
    ///
    /// - Throws: `Failure` (kind `.refused`) when others may have put the program there.
    static func ansible(_ checkout: String?) throws(Failure) -> String? {
        guard let folder = checkout.map({ $0 + "/.venv/bin" }) else { return find("ansible-playbook") }
        let program = folder + "/ansible-playbook"
        guard access(program, X_OK) == 0 else { return find("ansible-playbook") }
        do throws(FileProblem) {
            try TrustedFolder.requireOwn(folder)
        } catch {
            throw Failure(
                "Ansible in the checkout can't be trusted", at: program, details: [error.description],
                advice: error.advice ?? "Remove \(folder); rz then takes Ansible from the PATH.", kind: .refused)
        }
        return program
    }

    /// The first executable of this name in the `PATH`.
    public static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
