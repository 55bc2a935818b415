import Migration
import Transport

/// The files that `tls` of an environment names: whom rz trusts, and what it shows of itself.
public struct TLSFiles {
    private let places: [TLSPlace]
    private let resolver: Resolver

    public init(_ environment: Environment, resolver: @escaping Resolver) {
        places = environment.tlsPlaces
        self.resolver = resolver
    }

    /// What each set of rules leads to, once; files whose names depend on a color's servers are left out.
    public func observe() -> [CertificateSighting] {
        var seen: Set<TLSRules> = []
        return places.flatMap { place -> [CertificateSighting] in
            guard var rules = place.rules else { return [] }
            rules.serverName = nil
            let names = [rules.authorities, rules.clientCertificate?.certificate].compactMap(\.?.text)
            guard !names.isEmpty, !names.contains(where: { $0.contains("{{") }), seen.insert(rules).inserted else {
                return []
            }
            return sightings(TLSAccess(rules, at: place.key, inventory: Inventory(), resolver: resolver))
        }
    }

    private func sightings(_ access: TLSAccess) -> [CertificateSighting] {
        var sightings: [CertificateSighting] = []
        var trust = access.rules
        trust.clientCertificate = nil
        var client = access.rules
        client.authorities = nil
        // One by one, so that each file that is wrong is reported.
        for (rules, file) in [
            (trust, trust.authorities), (client, client.clientCertificate?.certificate),
        ] {
            guard let file else { continue }
            let key = access.key + ".tls"
            do throws(Failure) {
                let options = try TLSAccess(rules, at: access.key, inventory: Inventory(), resolver: resolver).options()
                // A bundle does while one of its authorities does.
                let ends = CertificateFile.ends(options.authorities ?? options.certificate ?? "").compactMap { $0 }
                sightings.append(
                    CertificateSighting(
                        place: key, server: file.text, ends: options.authorities == nil ? ends.first : ends.max()))
            } catch {
                let words = [error.summary] + error.details + [error.advice].compactMap { $0 }
                sightings.append(
                    CertificateSighting(place: key, server: file.text, problem: words.joined(separator: ". ")))
            }
        }
        return sightings
    }
}
