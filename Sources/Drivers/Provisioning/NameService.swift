import FoundationEssentials
import Glibc
import Migration
import Threads

/// What names lead to, on the machine where rz and Ansible run.
public struct NameService: Sendable {
    private let lookUp: @Sendable (String) async -> [String]

    /// - Parameter lookUp: the addresses of a name, in digits; none where it is not known.
    public init(lookUp: @escaping @Sendable (String) async -> [String]) { self.lookUp = lookUp }

    /// As `ssh` asks: files, DNS and whatever else the machine is set up with, within that resolver's own deadline.
    public static let system = NameService { name in
        await withCheckedContinuation { continuation in
            // The call blocks, and would hold up other work on a thread of the pool.
            OwnThread.start { continuation.resume(returning: addresses(of: name)) }
        }
    }

    func addresses(_ name: String) async -> [String] { await lookUp(name) }

    /// The servers whose names don't lead to exactly their addresses, and which have no `ansible_host` of the
    /// provisioner's: Ansible has to be given the address.
    func unreached(_ inventory: Inventory, _ rule: Configure.HostAddress) async -> Set<String> {
        guard rule != .never else { return [] }
        let hosts = inventory.hosts.filter { host in
            host.variables["ansible_host"] == nil && host.variables["ansible_ssh_host"] == nil
        }
        guard rule == .whenNeeded else { return Set(hosts.map(\.name)) }
        return await withTaskGroup(of: String?.self) { group in
            for host in hosts {
                group.addTask { await leads(host.name, to: host.address) ? nil : host.name }
            }
            return await group.reduce(into: Set()) { names, name in
                if let name { names.insert(name) }
            }
        }
    }

    private func leads(_ name: String, to address: String) async -> Bool {
        if name == address { return true }
        let found = Set(await lookUp(name))
        if found.isEmpty { return false }
        let meant = Set(await lookUp(address))
        return found == meant
    }

    private static func addresses(of name: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(text.count)
            if getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0
            {
                found.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}
