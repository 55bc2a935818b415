import Migration

/// How the services of the live color differ from what the last run left there.
struct ServiceDrift {
    let environment: Environment
    let cluster: any Cluster
    let lastRun: LastRun
    /// What rz itself keeps of the color's services: a file, read where something differs only.
    private let keptServices: () throws(Failure) -> [KeptServices]
    /// What the color reports now, what rules ignore left out.
    let found: [Service]

    /// What the last run left, by id; a fingerprint that is empty is not known.
    private let before: [ServiceID: WorldService]

    init(
        of found: [Service], on cluster: any Cluster, since lastRun: LastRun, _ environment: Environment,
        kept keptServices: @escaping () throws(Failure) -> [KeptServices]
    ) {
        self.environment = environment
        self.keptServices = keptServices
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
        let gone = gone
        let isChanged = found.contains { before[$0.id]?.isOther(than: $0) ?? false }
        let kept = try gone.isEmpty && !isChanged ? [] : keptServices()
        var changed: [Drift] = []
        // A file is the source itself: what is new in it waits for the next move.
        let inFiles = Set(cluster.servicesInFiles)
        var notes = came.notes
        for service in found {
            guard let drift = try await change(of: service, kept) else { continue }
            if drift.remedy == nil, inFiles.contains(service.id) {
                notes.append("\(service.id): its file was changed since \(lastRun.run)")
            } else {
                changed.append(drift)
            }
        }
        var look = DriftLook(
            (came.drifts + gone.map { went($0.key, $0.value, kept) } + changed).sorted { $0.subject < $1.subject },
            notes: notes)
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

    private var gone: [ServiceID: WorldService] {
        let known = Set(found.map(\.id))
        return before.filter { !known.contains($0.key) && environment.services.ignoring($0.key) == nil }
    }

    /// Their definitions went with them, as far as their framework goes. What must run in one color only stays away: it may
    /// have been moved elsewhere.
    private func went(_ id: ServiceID, _ before: WorldService, _ kept: [KeptServices]) -> Drift {
        let isKept = self.kept(id, before, kept).map { !$0.mode.isSingleton } ?? false
        let isSingleton = lastRun.planned.contains { $0.id == id && $0.mode.isSingleton }
        return Drift(
            .services, id.text, "is gone", diff: ["- \(Wording.count(before.instances, "instance"))"],
            remedy: isKept && !isSingleton ? .restore(id, from: nil, to: before) : nil)
    }

    private func change(of service: Service, _ kept: [KeptServices]) async throws(Failure) -> Drift? {
        guard let before = before[service.id] else { return nil }
        let isJob = lastRun.planned.contains { $0.id == service.id && $0.mode == .scheduled }
        let isScaled = !isJob && service.instances != before.instances
        let scaling = isScaled ? ["instances: \(before.instances) → \(service.instances)"] : []
        let now = WorldService(service)
        guard before.isOther(than: service) else {
            guard isScaled else { return nil }
            return Drift(
                .services, service.id.text, "was scaled", diff: scaling,
                remedy: .restore(service.id, from: now, to: before))
        }
        guard let wanted = try await earlier(service.id, before, kept) else {
            return Drift(
                .services, service.id.text, "was changed, and no earlier definition is kept", diff: scaling)
        }
        return Drift(
            .services, service.id.text, "was changed",
            diff: try cluster.differences(wanted, service).map(Wording.change) + scaling,
            remedy: .restore(service.id, from: now, to: before))
    }

    private func earlier(
        _ id: ServiceID, _ before: WorldService, _ kept: [KeptServices]
    ) async throws(Failure) -> Service? {
        if let revision = before.revision,
            let service = try await cluster.observeService(id, revision: revision),
            service.fingerprint == before.fingerprint
        {
            return service
        }
        return self.kept(id, before, kept)
    }

    /// A service as rz keeps it; nil where files declare it: what is new in them waits for the next move.
    private func kept(_ id: ServiceID, _ before: WorldService, _ kept: [KeptServices]) -> Service? {
        let isDeclared = environment.services.sources.contains { source in
            if case .compose = source { source.owns(id) } else { false }
        }
        return isDeclared ? nil : kept.service(id, fingerprint: before.fingerprint)
    }
}

extension WorldService {
    /// Whether a service has another definition than this; one that is empty is not known.
    fileprivate func isOther(than service: Service) -> Bool {
        !fingerprint.isEmpty && service.fingerprint != fingerprint
    }
}
