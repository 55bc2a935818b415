import JSON
import Migration
import Transport
import Trust

extension ProbeRunner {
    /// Asks a Vault for its health, which needs no token.
    func askVault(
        _ url: Setting, _ inventory: Inventory, _ probe: Probe, _ tls: TLSAccess
    ) async throws(Failure) -> GateSample {
        let url = try text(url, inventory) + "/v1/sys/health"
        let request = try reach(inventory).bound(
            HTTPRequest(
                .get, url, deadline: probe.timeout.duration, tls: try tls.options(for: url), retry: RetryPolicy.none,
                maximumRedirects: 0, maximumBody: 1 << 16))
        let place = request.shownURL
        do throws(TransportError) {
            let answer = try await HTTPClient.shared.send(request)
            let (verdict, message) = VaultCondition(status: answer.status, body: answer.body).judgement
            return sample(place, verdict, "Vault \(place) \(message)")
        } catch {
            return sample(
                place, verdict(of: error), "Vault does not answer: \(error.sentence(tls)). Start it, or correct `url`")
        }
    }
}

/// What `/v1/sys/health` says.
///
/// Source: Vault API documentation, /sys/health: the default status codes.
struct VaultCondition {
    let status: Int
    let body: [UInt8]

    var judgement: (Verdict, String) {
        // A proxy in front of it answers 429 and 503, too.
        guard let health = try? JSON(parsing: body), health["initialized"] != nil else {
            return (
                .fail, "answers \(status) with what is not a Vault's health. Correct `url`, or check what runs there"
            )
        }
        return switch status {
        case 200: (.pass, "is unsealed and active")
        case 429: (.pass, "is unsealed, a standby that forwards to the active server")
        case 473: (.pass, "is unsealed, a performance standby")
        case 472: (.fail, "is a secondary for disaster recovery, which serves no one. Promote it, or correct `url`")
        case 474: (.fail, "is a standby that does not reach its active server. Start that one")
        case 501: (.fail, "is not initialised. Run `vault operator init` there, or restore its data")
        case 503: (.fail, "is sealed. Run `vault operator unseal` there")
        case 530: (.fail, "was removed from its cluster. Join it again, or correct `url`")
        default: (.fail, "answers \(status). See its log")
        }
    }
}
