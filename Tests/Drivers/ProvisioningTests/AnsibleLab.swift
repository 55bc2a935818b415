import Foundation
import Migration
import Testing

@testable import Provisioning

/// Servers that all are this machine, with the Python that Ansible itself uses.
let servers = Inventory(groups: [
    "agent": [host("blue-agent-1", "127.0.11.21", rack: "r1"), host("blue-agent-2", "127.0.11.22", rack: "r2")],
    "database": [host("blue-database-1", "127.0.11.31", rack: "r3")],
])

private func host(_ name: String, _ address: String, rack: String) -> Migration.Host {
    let python = ((ansibleBinary ?? "") as NSString).deletingLastPathComponent + "/python3"
    let variables = ["ansible_connection": "local", "ansible_python_interpreter": python, "rack": rack]
    return .init(name: name, address: address, variables: variables)
}

/// The driver of a playbook, in a shell with some more variables. The playbook's variable `world` is the folder.
///
/// - Parameter names: what names lead to; by default nothing is known, and no name server is asked.
func ansible(
    _ folder: Folder, _ playbook: String, variables: [String: Setting] = [:], secrets: [String: String] = [:],
    shell: [String: String] = [:], names: [String: [String]] = [:], inventory: String? = nil,
    hostAddress: Configure.HostAddress? = nil, known: @escaping KnownSecrets = { Secrets() }
) throws -> Ansible {
    try folder.write("environment/ansible/site.yaml", playbook)
    return Ansible(
        binary: ansibleBinary ?? "ansible-playbook",
        configure: Configure(
            playbook: "ansible/site.yaml", inventory: inventory, hostAddress: hostAddress,
            variables: variables.merging(["world": Setting(folder.path)]) { $1 }),
        environmentFolder: folder["environment"], stateFolder: folder["state"],
        inherited: InheritedEnvironment(ProcessInfo.processInfo.environment.merging(shell) { $1 }),
        names: nameService(names),
        resolve: resolver(secrets), secrets: known)
}

/// A name service that knows these names, and addresses as themselves.
func nameService(_ names: [String: [String]]) -> NameService {
    NameService { name in names[name] ?? (name.allSatisfy { $0.isNumber || $0 == "." } ? [name] : []) }
}

/// Whether a test can run a playbook.
let ansibleIsThere = ConditionTrait.enabled(if: ansibleBinary != nil, "ansible-playbook is not installed")

extension Inventory {
    /// The same servers, changed.
    func mapping(_ change: (inout Migration.Host) -> Void) -> Inventory {
        Inventory(
            groups: groups.mapValues { hosts in
                hosts.map { host in
                    var host = host
                    change(&host)
                    return host
                }
            })
    }
}
