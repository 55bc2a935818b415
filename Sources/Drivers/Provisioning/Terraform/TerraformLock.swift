import JSON
import Migration
import Transport

/// Who holds the lock of a state, as far as its backend says.
///
/// Terraform shows a “Lock Info” with each refusal. With most backends it is the holder's. `http` and `pg` show the one
/// of the Terraform that was refused: to name that as the owner would send people after themselves. Measured with
/// Terraform 1.11.
struct TerraformLock: Equatable {
    var who: String?
    var operation: String?
    var created: String?
    var id: String?

    /// - Parameter detail: the text of Terraform's diagnostic.
    init(_ detail: String, of remote: TerraformRemote? = nil) {
        func field(_ name: String) -> String? {
            detail.split(whereSeparator: \.isNewline).lazy.map { $0.drop(while: \.isWhitespace) }
                .first { $0.hasPrefix(name + ":") }
                .map { String($0.dropFirst(name.count + 1).drop(while: \.isWhitespace)) }
        }
        switch remote?.type {
        case "http":
            let words = detail.split(whereSeparator: \.isWhitespace)
            id = words.first { $0.hasPrefix("ID=") }.map { String($0.dropFirst(3)) }.flatMap { $0.isEmpty ? nil : $0 }
        case "pg": break
        default:
            who = field("Who")
            operation = field("Operation")
            created = field("Created")
            id = field("ID")
        }
    }

    /// The same as the server of an `http` backend reports it: it answers a refused LOCK with the holder's lock.
    ///
    /// Only asked right after Terraform was refused. If the lock was released in between, the server grants it, and it is
    /// given back at once.
    mutating func ask(_ remote: TerraformRemote) async {
        guard remote.type == "http", let address = remote.config["lock_address"],
            let release = remote.config["unlock_address"]
        else { return }
        let own: JSON = [
            "ID": "72657175-6573-7465-6400-6f776e657200", "Operation": "rz asks who holds the lock", "Who": "rz",
            "Info": "", "Version": "", "Created": "1970-01-01T00:00:00Z", "Path": "",
        ]
        guard let answer = await send(remote.config["lock_method"] ?? "LOCK", address, own, remote) else { return }
        if answer.isSuccess {
            _ = await send(remote.config["unlock_method"] ?? "UNLOCK", release, own, remote)
        } else if [409, 423].contains(answer.status), let holder = try? JSON(parsing: answer.text) {
            who = holder["Who"]?.string
            operation = holder["Operation"]?.string
            created = holder["Created"]?.string
            id = holder["ID"]?.string ?? id
        }
    }

    private func send(_ method: String, _ address: String, _ body: JSON, _ remote: TerraformRemote) async
        -> HTTPResponse?
    {
        let user = remote.credentials["TF_HTTP_USERNAME"] ?? remote.config["username"]
        let request = HTTPRequest(
            HTTPMethod(method), address, headers: [HTTPHeader("Content-Type", "application/json")],
            body: Array(body.compact.utf8), deadline: .seconds(10),
            credentials: user.map { .basic(user: $0, password: remote.credentials["TF_HTTP_PASSWORD"] ?? "") })
        return try? await HTTPClient.shared.send(request)
    }

    /// - Parameter store: the folder that `terraform force-unlock` works in.
    func failure(
        _ subject: String, module: String, store: String = "", _ remote: TerraformRemote? = nil
    ) -> Failure {
        let holder = [who.map { "by \($0)" }, created.map { "since \($0)" }].compactMap(\.self)
        let details = [operation.map { "operation: \($0)" }, id.map { "lock: \($0)" }].compactMap(\.self)
        return Failure(
            "Terraform's state of \(subject) is locked" + holder.map { " " + $0 }.joined(), at: module,
            details: details + (remote.map { ["kept in: \($0.description)"] } ?? []),
            advice: advice(store, remote), kind: .transient)
    }

    private func advice(_ store: String, _ remote: TerraformRemote?) -> String {
        guard let remote else {
            return "Another Terraform works on it: wait until it is done. Only when it surely is gone, release the "
                + "lock with `terraform force-unlock`."
        }
        guard remote.type == "pg" else {
            return "Wait until that Terraform is done. Only when it surely is gone: cd \(store) && "
                + "terraform force-unlock \(id ?? "ID"), with the backend's credentials in the environment."
        }
        let schema = remote.config["schema_name"] ?? "terraform_remote_state"
        return "Wait until that Terraform is done. PostgreSQL does not say who holds the lock; its session does: "
            + TerraformLock.query(schema: schema)
            + " If its Terraform surely is gone: SELECT pg_terminate_backend(PID). The lock goes with the session."
    }

    /// The sessions that hold the lock of a state in this schema.
    static func query(schema: String) -> String {
        "SELECT a.pid, a.usename, a.client_addr, a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            + "JOIN \"\(schema)\".states s ON s.id = l.objid::bigint WHERE l.locktype = 'advisory' AND l.granted;"
    }
}
