import JSON
import Migration

extension Judgement {
    /// Addresses that lead into the old cluster, wherever a text of the definition holds one. Only the address is shown:
    /// the text around it may hold a password.
    func addresses(_ definition: JSON, except elsewhere: Set<String> = Judgement.elsewhere) -> [Finding] {
        var findings: [Finding] = []
        let servers = oldServers
        walk(definition, at: [], except: elsewhere) { keys, text in
            let path = keys.joined(separator: ".")
            if let server = servers.first(where: { text.holds(address: $0.address) }) {
                findings.append(
                    Finding(.oldAddress, at: path, "\(server.address): \(server.meaning)", .blocking))
            }
            if text.lowercased().contains("zk://") {
                findings.append(
                    Finding(.zooKeeper, at: path, "zk://: which ZooKeeper the copy should use is not known", .blocking))
            }
            if let name = Judgement.mesosName(in: text) {
                findings.append(
                    Finding(
                        .mesosName, at: path, "\(name): each cluster's Mesos-DNS gives another address for it",
                        .blocking))
            }
        }
        return findings
    }

    /// Every way to name a server of the old color alone, the longest first, so that the whole of it is shown.
    private var oldServers: [(address: String, meaning: String)] {
        let both = Set((placement.new?.hosts ?? []).flatMap(Judgement.addresses(of:)))
        return placement.old.hosts.flatMap { host in
            Judgement.addresses(of: host).map { ($0, "\(host.name) of the old color") }
        }.filter { $0.0.count > 2 && !both.contains($0.0) }.sorted { ($0.0.count, $0.0) > ($1.0.count, $1.0) }
    }

    private static func addresses(of host: Host) -> [String] {
        [host.address, host.name] + host.variables.values.filter { $0.isAddress }
    }

    /// Places that hold no address, or are judged by themselves.
    static let elsewhere: Set<String> = ["id", "dependencies", "constraints", "scheduling", "role", "networks"]

    private func walk(
        _ value: JSON, at keys: [String], except elsewhere: Set<String>, _ visit: ([String], String) -> Void
    ) {
        if keys.count == 1, let key = keys.first, elsewhere.contains(key) { return }
        switch value {
        case .string(let text): visit(keys, text)
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                walk(element, at: keys + [String(index)], except: elsewhere, visit)
            }
        case .object(let object): for (key, value) in object { walk(value, at: keys + [key], except: elsewhere, visit) }
        default: break
        }
    }

    /// A name below `.mesos`, the domain of Mesos-DNS.
    private static func mesosName(in text: String) -> String? {
        let names = text.lowercased().split { !($0.isLetter || $0.isNumber || "-._".contains($0)) }
        return names.first { $0.hasSuffix(".mesos") || $0.hasSuffix(".mesos.") }.map(String.init)
    }
}

extension String {
    /// Whether it holds a name or an address as a whole: `10.1.0.7` is not in `10.1.0.71`. A name may go on with its
    /// domain.
    func holds(address: String) -> Bool {
        let text = Array(lowercased().utf8)
        let wanted = Array(address.lowercased().utf8)
        guard !wanted.isEmpty, text.count >= wanted.count else { return false }
        return (0...(text.count - wanted.count)).contains { start in
            guard text[start..<start + wanted.count].elementsEqual(wanted) else { return false }
            let before = start > 0 ? text[start - 1] : nil
            let after = text.dropFirst(start + wanted.count)
            if before.map({ String.isPart($0) || $0 == UInt8(ascii: ".") }) == true { return false }
            guard let next = after.first else { return true }
            if next == UInt8(ascii: "."), address.isAddress {
                // The end of a sentence, but not one more number.
                return !(after.dropFirst().first.map(String.isPart) ?? false)
            }
            return !String.isPart(next)
        }
    }

    /// Whether it looks like an IP address.
    var isAddress: Bool {
        let parts = split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) { return true }
        return contains(":") && count > 2 && allSatisfy { $0.isHexDigit || $0 == ":" }
    }

    /// Whether a character belongs to a name: letters, digits, `-`, `_`.
    private static func isPart(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 95 || byte >= 0x80
    }
}
