import Migration
import SafeFiles
import Transport

/// Servers that are put into backends and taken out of them, in the running process and in its configuration.
extension HAProxyRuntime {
    /// What is said of each server that is to be added.
    ///
    /// - Throws: `Failure` of kind `.refused` where no one says how it is to be configured.
    func newLines(
        _ changes: [ServerChange], _ records: [ServerRecord], _ socket: RuntimeSocket
    ) async throws(Failure) -> [(backend: String, line: ServerLine)] {
        var lines: [(backend: String, line: ServerLine)] = []
        var known: [String: ServerOptions] = [:]
        for change in changes {
            guard case .add(let address) = change.change else { continue }
            let options: ServerOptions
            if let asked = known[change.backend] {
                options = asked
            } else {
                options = try await reported(change.backend, records, socket)
                known[change.backend] = options
            }
            let own = registration(of: change.server, in: change.backend)?.options
            if own == nil, options.usesTLS { throw untold(change.backend, socket) }
            let line = ServerLine(
                name: change.server, address: address, options: own ?? options.words,
                weight: options.weight ?? WeightScale.haproxy.usual)
            guard line.isPlain else {
                throw Failure(
                    "\(name): HAProxy would read “\(line.text)” as several commands", at: "traffic/\(change.backend)",
                    advice: "Use words without spaces, semicolons and backslashes.", kind: .refused)
            }
            lines.append((change.backend, line))
        }
        return lines
    }

    /// Of a server as HAProxy knows it; nil where no run puts it there.
    private func registration(of server: String, in backend: String) -> ServerRegistration? {
        for rule in rules where rule.registration != nil {
            for color in Color.allCases where rule.ownBackend(of: color) == backend {
                guard rule.color(of: rule.name(of: server, color)) == color else { continue }
                return rule.registration?[color]
            }
        }
        return nil
    }

    /// What HAProxy reports of the servers that no run put there; of all where there are no others. A color of a switch
    /// whose backend has none gets such as the other one's has.
    func reported(
        _ backend: String, _ records: [ServerRecord], _ socket: RuntimeSocket
    ) async throws(Failure) -> ServerOptions {
        let switching = rules.lazy.compactMap(\.switching).first { $0.backends.values.contains(backend) }
        let backends = [backend] + (switching?.backends.values.filter { $0 != backend } ?? [])
        let answers = try await socket.ask(backends.map(ServerOptions.question))
        var options = ServerOptions()
        for isOther in [{ registration(of: $0, in: $1) == nil }, { _, _ in true }] as [(String, String) -> Bool] {
            for (backend, answer) in zip(backends, answers) where options.isEmpty {
                do throws(MalformedReply) {
                    options = try ServerOptions(answer, records.filter { $0.backend == backend }) {
                        isOther($0, backend)
                    }
                } catch {
                    throw strange("statistics", error, answer, socket)
                }
            }
        }
        return options
    }

    private func untold(_ backend: String, _ socket: RuntimeSocket) -> Failure {
        Failure(
            "\(name): servers of \(backend) speak TLS, and HAProxy does not report how", at: socket.address.description,
            advice: "Say it under `traffic`, for example "
                + "`options: [check, ssl, verify, required, ca-file, /etc/haproxy/ca.pem]`.", kind: .refused)
    }

    /// Writes what the process lists into its configuration.
    ///
    /// - Parameter records: every server that is listed now.
    func keepLines(
        _ added: [(backend: String, line: ServerLine)], _ records: [ServerRecord]
    ) async throws(Failure) {
        guard let setting = address.configuration else { return }
        let file = PersistentFile(try resolver(setting))
        let listed = Dictionary(grouping: records, by: \.backend).mapValues { servers in
            Dictionary(servers.map { ($0.name, $0.address) }, uniquingKeysWith: { first, _ in first })
        }
        let backends = Set(rules.flatMap { rule in (rule.registration ?? [:]).keys.map(rule.ownBackend) }).sorted()
        let new = Dictionary(grouping: added, by: \.backend).mapValues { $0.map(\.line) }
        do throws(FileProblem) {
            try await file.replace { contents in
                backends.reduce(contents) { contents, backend in
                    guard let contents else { return nil }
                    let lines = ConfigurationLines(backend: backend)
                    guard let before = lines.servers(in: contents) else { return contents }
                    let added = new[backend] ?? []
                    let kept = before.filter { line in
                        listed[backend]?[line.name] == line.address && !added.contains { $0.name == line.name }
                    }
                    return lines.contents(contents, with: kept + added)
                }
            }
        } catch {
            throw unkept("servers", error)
        }
    }
}

extension ServerChange.Change {
    /// Whether other servers are listed afterwards than before.
    var isRegistering: Bool {
        switch self {
        case .add, .remove: true
        case .weight, .administration, .shutdownSessions, .takeQueue: false
        }
    }
}
