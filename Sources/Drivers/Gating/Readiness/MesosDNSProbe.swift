import Migration
import Transport

extension ProbeRunner {
    /// Resolves one name at the new color's own name server.
    func askMesosDNS(
        _ question: Probe.MesosDNS, _ inventory: Inventory, _ other: Inventory, timeout: Period
    ) async throws(Failure) -> GateSample {
        let address = try address(question.server, inventory)
        let subject = "\(question.name) at \(address.hostAndPort)"
        let resolution = MesosDNSResolution(
            server: NameServer(address), place: address.hostAndPort, question: question, inventory: inventory,
            other: other, deadline: timeout.duration)
        let (verdict, message) = await resolution.perform()
        return sample(subject, verdict, "Mesos-DNS: \(message)")
    }
}

/// A name, resolved and judged by whose addresses it leads to.
struct MesosDNSResolution {
    let server: NameServer
    let place: String
    let question: Probe.MesosDNS
    let inventory: Inventory
    let other: Inventory
    let deadline: Duration

    /// Targets of an SRV record that are looked up at most.
    private static let mostTargets = 64

    func perform() async -> (Verdict, String) {
        do throws(NameServer.Refusal) {
            guard question.name.hasPrefix("_") else { return judge(try await resolve(question.name)) }
            let targets = try await server.ask(question.name, .srv, deadline: deadline)
            var found = NameServer.Answer(isCut: targets.isCut)
            for target in Set(targets.records).sorted().prefix(Self.mostTargets) {
                let answer = try await resolve(target)
                found.records += answer.records
                found.isCut = found.isCut || answer.isCut
            }
            return judge(found)
        } catch {
            return (verdict(error), words(error))
        }
    }

    private func resolve(_ name: String) async throws(NameServer.Refusal) -> NameServer.Answer {
        try await server.ask(name, .a, deadline: deadline)
    }

    private func judge(_ answer: NameServer.Answer) -> (Verdict, String) {
        let name = question.name
        let addresses = Set(answer.records).sorted()
        if let wrong = addresses.first(where: { other.holds($0) && !inventory.holds($0) }) {
            return (
                .fail,
                "\(place) resolves \(name) to \(wrong), a server of the old color. "
                    + "Correct `zk` and `masters` in its config.json: they must name its own color's"
            )
        }
        if question.anyAddress == nil, let foreign = addresses.first(where: { !inventory.holds($0) }) {
            return (
                .fail,
                "\(place) resolves \(name) to \(foreign), which is not the address of a server of the new color. Correct what it "
                    + "resolves, or say why any address will do: `addresses: { any: … }`"
            )
        }
        let rest = answer.isCut ? " (and more, which its answer had no room for)" : ""
        return (.pass, "\(place) resolves \(name) to \(addresses.joined(separator: ", "))\(rest)")
    }

    private func verdict(_ refusal: NameServer.Refusal) -> Verdict {
        switch refusal {
        case .unknownName, .failed: .fail
        case .noAnswer(let error): error.kind == .timedOut || error.kind == .refused ? .fail : .inconclusive
        }
    }

    private func words(_ refusal: NameServer.Refusal) -> String {
        switch refusal {
        case .unknownName:
            "\(place) knows no \(question.name). See that the task runs, and that Mesos-DNS follows its color's master"
        case .failed: "\(place) can't answer for \(question.name). See its log: it may not reach its Mesos master"
        case .noAnswer(let error):
            "\(place) did not answer for \(question.name): \(error.message). Start it, or correct `server`"
        }
    }
}
