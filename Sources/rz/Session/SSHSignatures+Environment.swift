import Migration
import Provisioning

extension SSHSignatures {
    /// By the signers of an environment, and a program that no one else may have put there.
    ///
    /// - Parameter folder: the environment's folder in a pinned copy.
    init(_ environment: Environment, in folder: String) throws(Failure) {
        self.init(
            binary: try Tool.find("ssh-keygen") ?? "ssh-keygen",
            signers: environment.approvers?.signers.map { "\(folder)/\($0)" })
    }
}
