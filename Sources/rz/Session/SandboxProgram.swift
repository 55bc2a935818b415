import Glibc
import Migration
import SafeFiles

/// The program that performs `rz sandbox`, with all its servers: `rz-sandbox`, in the folder of the running rz.
enum SandboxProgram {
    /// Becomes that program, with the same arguments: its signals, its terminal and its exit status are the caller's.
    ///
    /// - Throws: `Failure` where it is not installed, or others may have put it there.
    static func takeOver() throws(Failure) -> Never {
        let program = try path
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
        umask(RZ.inheritedMask)
        execv(program, &arguments)
        let reason = String(cString: strerror(errno))
        for argument in arguments { free(argument) }
        throw Failure("The sandbox's program can't be started", at: program, details: [reason], advice: advice(program))
    }

    /// Beside the running executable, whatever the `PATH` and the current folder are.
    private static var path: String {
        get throws(Failure) {
            guard let own = Tool.runningExecutable else {
                throw Failure(
                    "The folder of the running rz can't be found", at: "/proc/self/exe",
                    advice: "Mount /proc: rz finds the sandbox's program beside itself.")
            }
            let folder = TrustedFolder.split(own).folder
            let program = folder + "/rz-sandbox"
            guard access(program, X_OK) == 0 else {
                throw Failure("The sandbox is not installed", at: program, advice: advice(program))
            }
            do throws(FileProblem) { try TrustedFolder.requireOwn(folder) } catch {
                throw Failure(
                    "The sandbox's program can't be trusted", at: program, details: [error.description],
                    advice: error.advice ?? "Use an rz that was installed by this user or by root.", kind: .refused)
            }
            return program
        }
    }

    /// How to get the program to where it is looked for.
    private static func advice(_ program: String) -> String {
        let (prefix, name) = TrustedFolder.split(TrustedFolder.split(program).folder)
        return name == "bin"
            ? "In a checkout of rz, run: make install PREFIX=\(FileProblem.quoted(prefix))"
            : "In the checkout of rz, run: swift build --product rz-sandbox"
    }
}
