import JSON

/// `/v2/queue`: what waits to be launched, and why.
struct QueueRoutes: Routes {
    let context: RequestContext

    func respond(_ path: [String], _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        switch (request.method, path.last) {
        case ("GET", nil), ("HEAD", nil):
            let entries = state.queue.sorted { $0.key < $1.key }.compactMap { entry($0.key, $0.value, state) }
            return APIResponse(json: ["queue": .array(entries)])
        case ("DELETE", "delay"):
            let id = PathID(segments: Array(path.dropLast()))
            guard state.queue[id] != nil else {
                throw MarathonError(404, "Application \(id) not found in tasks queue.")
            }
            state.apps[id]?.backoff = nil
            state.attention.insert(id)
            return APIResponse(status: 204)
        default: throw MarathonAPI.notFound
        }
    }

    private func entry(_ id: PathID, _ pending: PendingLaunch, _ state: SchedulerState) -> JSON? {
        guard let record = state.apps[id] else { return nil }
        let left = max(0, record.backoff.map { now.seconds(until: $0.until) } ?? 0)
        var entry = JSONObject(fields: [
            ("count", .count(pending.count)),
            ("role", .string((record.effective ?? record.definition).role)),
            (
                "delay",
                [
                    "timeLeftSeconds": .count(Int(left.rounded(.up))), "overdue": .bool(left == 0),
                ]
            ),
            ("since", .string(pending.since.description)), ("processedOffersSummary", summary(pending)),
        ])
        if request.values(of: "embed").contains("lastUnusedOffers") {
            let time = pending.lastUnusedOfferAt ?? now
            entry["lastUnusedOffers"] = .array(pending.rejections.map { offer($0, time) })
        }
        let definition = record.effective ?? record.definition
        entry[definition.kind.rawValue] = AppPresentation.definition(definition)
        return .object(entry)
    }

    private func summary(_ pending: PendingLaunch) -> JSON {
        let last = JSON.array(funnel(pending.rejections))
        var summary = JSONObject(fields: [
            ("processedOffersCount", .count(pending.processedOffers)),
            ("unusedOffersCount", .count(pending.unusedOffers)),
        ])
        summary["lastUnusedOfferAt"] = pending.lastUnusedOfferAt.map { .string($0.description) }
        summary["lastUsedOfferAt"] = pending.lastUsedOfferAt.map { .string($0.description) }
        summary["rejectSummaryLastOffers"] = last
        summary["rejectSummaryLaunchAttempt"] = last
        return .object(summary)
    }

    /// Each reason with the offers that got as far as it and those it turned down.
    private func funnel(_ rejections: [Rejection]) -> [JSON] {
        var processed = rejections.count
        return RejectionReason.allCases.map { reason in
            let declined = rejections.count { $0.reasons.first == reason }
            defer { processed -= declined }
            return [
                "reason": .string(reason.rawValue), "declined": .count(declined),
                "processed": .count(processed),
            ]
        }
    }

    private func offer(_ rejection: Rejection, _ time: Timestamp) -> JSON {
        let agent = rejection.agent
        let scalars = [
            ("cpus", rejection.free.cpus), ("mem", rejection.free.mem), ("disk", rejection.free.disk),
            ("gpus", rejection.free.gpus),
        ]
        let ranges = agent.ports.map { range -> JSON in
            ["begin": .count(range.lowerBound), "end": .count(range.upperBound)]
        }
        let resources = scalars.map { name, amount -> JSON in
            ["name": .string(name), "role": "*", "scalar": .amount(amount)]
        }
        let attributes = agent.attributes.sorted { $0.key < $1.key }.map { name, value -> JSON in
            ["name": .string(name), "text": .string(value)]
        }
        return [
            "offer": [
                "id": .string("\(agent.id)-\(time.milliseconds)"), "hostname": .string(agent.hostname),
                "agentId": .string(agent.id),
                "resources": .array(resources + [["name": "ports", "role": "*", "ranges": .array(ranges)]]),
                "attributes": .array(attributes),
            ],
            "reason": .array(rejection.reasons.map { .string($0.rawValue) }),
            "timestamp": .string(time.description),
        ]
    }
}
