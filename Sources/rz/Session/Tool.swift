import FoundationEssentials
import Glibc
import Migration
import SafeFiles

/// The programs that rz runs with what it knows. One that others may have put there, or may change, is never run.
public enum Tool {
    /// The file of this process (proc(5), `/proc/self/exe`); nil without /proc.
    public static var runningExecutable: String? {
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &target, target.count)
        return length > 0 ? String(decoding: target.prefix(length), as: UTF8.self) : nil
    }

    static func terraform() throws(Failure) -> String? {
        if let terraform = try find("terraform") { return terraform }
        return try find("tofu")
    }

    /// From the Python environment that `scripts/setup` makes in a checkout, else from the `PATH`. Git ignores that
    /// environment, so no policy sees who put it there.
    ///
    /// - Throws: `Failure` (kind `.refused`) when others may have put the program there.
    static func ansible(_ checkout: String?) throws(Failure) -> String? {
        guard let folder = checkout.map({ $0 + "/.venv/bin" }), access(folder + "/ansible-playbook", X_OK) == 0 else {
            return try find("ansible-playbook")
        }
        return try trusted(
            folder + "/ansible-playbook", "Ansible in the checkout",
            else: "Remove \(folder); rz then takes Ansible from the PATH.")
    }

    /// The first executable of this name in the `PATH`.
    ///
    /// - Throws: `Failure` (kind `.refused`) when others may have put the program there.
    public static func find(_ name: String) throws(Failure) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        // A relative folder would be another one wherever rz is called.
        let programs = path.split(separator: ":").filter { $0.hasPrefix("/") }.map { folder in "\(folder)/\(name)" }
        guard let program = programs.first(where: { access($0, X_OK) == 0 }) else { return nil }
        return try trusted(program, name, else: "Take its folder out of PATH, or install \(name) as root.")
    }

    private static func trusted(_ program: String, _ name: String, else advice: String) throws(Failure) -> String {
        do throws(FileProblem) {
            try TrustedFolder.requireOwn(TrustedFolder.split(program).folder)
            try TrustedFolder.requireOwnFile(program)
        } catch {
            throw Failure(
                "\(name) can't be trusted", at: program, details: [error.description], advice: error.advice ?? advice,
                kind: .refused)
        }
        return program
    }
}
