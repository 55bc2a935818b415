import Glibc
import JSON
import Migration
import SafeFiles

/// What rz itself knows of the sandbox: the checkout that it was built from, as its own description says.
enum SandboxCheckout {
    /// - Returns: nil when there is no sandbox below this home of rz.
    /// - Throws: `Failure` when its description can't be read.
    static func root(in rzHome: String) throws(Failure) -> String? {
        let folder = rzHome + "/sandbox"
        let path = folder + "/sandbox.json"
        guard access(path, F_OK) == 0 else { return nil }
        let reason: String
        do {
            let bytes = try TrustedFolder(folder).read("sandbox.json", limit: 65_536) ?? []
            if let root = try JSON(parsing: String(decoding: bytes, as: UTF8.self))["root"]?.string { return root }
            reason = "it names no root"
        } catch {
            reason = "\(error)"
        }
        throw Failure(
            "The description of the sandbox can't be read", at: path, details: [reason],
            advice: "Remove the sandbox with: rz sandbox down.")
    }
}
