import Migration

/// How the services of the live color differ from what the last run left there.
struct ServiceDrift {
    let environment: Environment
    let cluster: any Cluster
    let lastRun: LastRun
    /// What rz itself keeps of the color's services.
    let kept: [KeptServices]
    /// What the color reports now, what rules ignore left out.
    let found: [Service]

    /// What the last run left, by id; a fingerprint that is empty is not known.
    private let before: [ServiceID: WorldService]

    init(
        of found: [Service], on cluster: any Cluster, since lastRun: LastRun, kept: [KeptServices] = [],
        _ environment: Environment
    ) {
        self.environment = environment
        self.kept = kept
        self.cluster = cluster
        self.lastRun = lastRun
        self.found = found
        before =
            lastRun.left
            ?? Dictionary(
                lastRun.planned.map { ($0.id, WorldService(fingerprint: "", instances: $0.instances)) },
                uniquingKeysWith: { first, _ in first })
    }

    func look() async throws(Failure) -> DriftLook {
        let came = try await came()
        var changed: [Drift] = []
        // A file is the source itself: what is new in it waits for the next move.
        let inFiles = Set(cluster.servicesInFiles)
        var notes = came.notes
        for service in found {
            guard let drift = try await change(of: service) else { continue }
            if drift.remedy == nil, inFiles.contains(service.id) {
                notes.append("\(service.id): its file was changed since \(lastRun.run)")
            } else {
                changed.append(drift)
            }
        }
        var look = DriftLook((came.drifts + went() + changed).sorted { $0.subject < $1.subject }, notes: notes)
        if lastRun.left == nil {
            look.notes.append("\(lastRun.run) wrote down no definitions, so only instances are compared")
        }
        return look
    }

    /// Services that no run knows. One that nothing lets run does no harm, and is only named.
    private func came() async throws(Failure) -> DriftLook {
        let unknown = found.filter { before[$0.id] == nil && !lastRun.staying.contains($0.id) }
        guard !unknown.isEmpty else { return DriftLook() }
        let activity = try await cluster.observeActivity(unknown.map(\.id))
        var look = DriftLook()
        for service in unknown {
            if activity[service.id]?.isEnabled == false {
                look.notes.append("\(service.id) is unknown, and suspended: a person decides what becomes of it")
                continue
            }
            look.drifts.append(
                Drift(
                    .services, service.id.text, "is unknown: \(lastRun.run) did not move it",
                    diff: ["+ \(service.kind)"], remedy: .suspend(service.id, instances: service.instances)))
        }
        return look
    }

    /// Their definitions went with them, as far as their framework goes. What must run in one color only stays away: it may
    /// have been moved elsewhere.
    private func went() -> [Drift] {
        let known = Set(found.map(\.id))
        let gone = before.filter { !known.contains($0.key) && environment.services.ignoring($0.key) == nil }
        return gone.map { id, before in
            let isKept = kept.service(id, fingerprint: before.fingerprint).map { !$0.mode.isSingleton } ?? false
            let isSingleton = lastRun.planned.contains { $0.id == id && $0.mode.isSingleton }
            return Drift(
                .services, id.text, "is gone", diff: ["- \(Wording.count(before.instances, "instance"))"],
                remedy: isKept && !isSingleton ? .restore(id, from: nil, to: before) : nil)
        }
    }

    private func change(of service: Service) async throws(Failure) -> Drift? {
        guard let before = before[service.id] else { return nil }
        let isJob = lastRun.planned.contains { $0.id == service.id && $0.mode == .scheduled }
        let isScaled = !isJob && service.instances != before.instances
        let scaling = isScaled ? ["instances: \(before.instances) → \(service.instances)"] : []
        let now = WorldService(service)
        guard !before.fingerprint.isEmpty, service.fingerprint != before.fingerprint else {
            guard isScaled else { return nil }
            return Drift(
                .services, service.id.text, "was scaled", diff: scaling,
                remedy: .restore(service.id, from: now, to: before))
        }
        guard let wanted = try await earlier(service.id, before) else {
            return Drift(
                .services, service.id.text, "was changed, and no earlier definition is kept", diff: scaling)
        }
        return Drift(
            .services, service.id.text, "was changed",
            diff: try cluster.differences(wanted, service).map(Wording.change) + scaling,
            remedy: .restore(service.id, from: now, to: before))
    }

    private func earlier(_ id: ServiceID, _ before: WorldService) async throws(Failure) -> Service? {
        if let revision = before.revision,
            let service = try await cluster.observeService(id, revision: revision),
            service.fingerprint == before.fingerprint
        {
            return service
        }
        return kept.service(id, fingerprint: before.fingerprint)
    }
}
