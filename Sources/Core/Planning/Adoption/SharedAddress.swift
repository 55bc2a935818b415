import Migration

extension Inventory {
    /// A URL whose host is one of these servers, with `{{ group[0].address }}` in its place, so that it is that of
    /// either color; nil for any other host.
    public func shared(url: String) -> String? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
        let host = ServerState.host(of: String(authority))
        for (group, hosts) in groups.sorted(by: { $0.key < $1.key }) {
            for (index, server) in hosts.enumerated()
            where [server.address, server.name].contains(where: { ServerState.host(of: $0) == host }) {
                let field = ServerState.host(of: server.address) == host ? "address" : "name"
                let port =
                    authority.hasPrefix("[") ? authority.drop { $0 != "]" }.dropFirst() : authority.drop { $0 != ":" }
                return url[..<scheme.upperBound] + "{{ \(group)[\(index)].\(field) }}" + port
                    + url[authority.endIndex...]
            }
        }
        return nil
    }

    /// The first server of these whose address stands in a text, and what stands for it in either color.
    public func reference(in text: String) -> (text: String, template: String)? {
        let words = Set(text.split { !($0.isLetter || $0.isNumber || "._-".contains($0)) }.map(String.init))
        for (group, hosts) in groups.sorted(by: { $0.key < $1.key }) {
            guard let index = hosts.firstIndex(where: { words.contains($0.address) }) else { continue }
            return (hosts[index].address, "{{ \(group)[\(index)].address }}")
        }
        return nil
    }
}
