import Migration
import Transport

/// Looks at the certificates of the servers that an environment's places name.
public struct CertificateInspector: Sendable {
    private let places: [TLSPlace]
    private let resolver: Resolver

    public init(_ environment: Environment, resolver: @escaping Resolver) {
        places = environment.tlsPlaces
        self.resolver = resolver
    }

    /// What each place of a color shows. Sends nothing, and reports no servers that do not answer, or are not there
    /// yet: who needs them says that.
    ///
    /// - Parameter probes: whether to look at what only probes call, too.
    public func observe(_ inventory: Inventory, probes: Bool) async -> [CertificateSighting] {
        let asked = places.filter { probes || !$0.isProbe }
        return await withTaskGroup(of: (Int, CertificateSighting?).self) { group in
            for (index, place) in asked.enumerated() {
                group.addTask { (index, await observe(place, inventory)) }
            }
            var sightings: [Int: CertificateSighting] = [:]
            for await (index, sighting) in group { sightings[index] = sighting }
            return sightings.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private func observe(_ place: TLSPlace, _ inventory: Inventory) async -> CertificateSighting? {
        let access = TLSAccess(place.rules, at: place.key, inventory: inventory, resolver: resolver)
        guard let setting = place.address, let text = try? inventory.fill(setting, resolver),
            let address = CertificateInspector.address(text)
        else { return nil }
        let server = String(address.description.dropFirst("tcp:".count))
        let options: TLSOptions
        do throws(Failure) {
            options = try access.options()
        } catch {
            let words = [error.summary, error.advice].compactMap { $0 }.joined(separator: ". ")
            return CertificateSighting(place: place.key, server: server, problem: words)
        }
        do throws(TransportError) {
            let socket = try await TLSSocket.connect(to: address, tls: options)
            socket.close()
            return CertificateSighting(
                place: place.key, server: server, ends: socket.certificates.map(\.ends.instant).min())
        } catch {
            guard let fault = error.tls else { return nil }
            let words = TLSWords(fault, error.message, access)
            return CertificateSighting(
                place: place.key, server: server, ends: fault.certificate?.ends.instant,
                problem: "\(words.summary). \(words.advice)")
        }
    }

    /// Where to connect; nil for a URL without TLS.
    private static func address(_ text: String) -> SocketAddress? {
        guard text.contains("://") else { return SocketAddress("tcp:" + text) }
        guard text.lowercased().hasPrefix("https://") else { return nil }
        return SocketAddress(url: text)
    }
}
