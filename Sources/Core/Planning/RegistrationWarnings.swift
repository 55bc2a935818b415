import Migration

extension Plan {
    /// What `traffic` says of the servers that the run puts into backends, tried before anything is built: on the new
    /// color's servers where they stand, and else on the live color's, as the same provisioner builds both.
    func registrationWarnings(_ inventory: [Color: Inventory]) -> [String] {
        let new = direction.new
        guard let color = [new, new.other].first(where: { inventory[$0]?.isEmpty == false }),
            let known = inventory[color]
        else { return [] }
        return environment.traffic.compactMap { rule in
            // Where tasks run shows once they do.
            guard let registration = rule.registration?[new], registration.service == nil else { return nil }
            do throws(Failure) {
                _ = try [rule].registered(new, of: known, on: [])
                return nil
            } catch {
                let basis = color == new ? "" : " If \(new) is built as \(color) is, the run halts in serviceGate."
                return ([error.summary] + error.details).joined(separator: "; ") + "." + basis
            }
        }
    }
}
