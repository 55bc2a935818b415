import Migration
import Operations

/// What happens to the sources of services while a run is under way.
extension People {
    /// A framework reports less for a while, up to three times; where Mesos reports what runs, a service may be removed, too.
    func planShrunkSources() {
        for _ in 0..<Int.random(in: 1...3, using: &timeline.generator) {
            let start = Int64.random(in: 0...faultsEnd, using: &timeline.generator)
            let length = Int64.random(in: 100...20_000, using: &timeline.generator)
            let color = timeline.generator.chance(oneIn: 4) ? new : old
            timeline.after(start) { [self] in shrink(color, for: length) }
        }
        if simulation.scenario.hasMesos, timeline.generator.chance(oneIn: 2) { removeWhenGated() }
    }

    private func shrink(_ color: Color, for length: Int64) {
        let services = simulation.world[color].services.keys.sorted()
        guard !isDone, timeline.elapsed < faultsEnd, !services.isEmpty,
            let way = ShrunkAnswer.all(of: services).randomElement(using: &timeline.generator)
        else { return }
        simulation.happens("the source of \(color) reports less for \(length) ms: \(way)") { $0.reported[color] = way }
        timeline.after(length) { [self] in
            guard !isDone, simulation.world.reported[color] == way else { return }
            simulation.happens("the source of \(color) reports everything") { $0.reported[color] = nil }
        }
    }

    /// Before its launch a removal needs a new plan; once users are served by the new color it comes too late.
    private func removeWhenGated() {
        guard !isDone, !isPast(.serviceGate), !simulation.state.status.isEnded else { return }
        guard simulation.state.phase == .serviceGate else {
            timeline.after(100) { [self] in removeWhenGated() }
            return
        }
        simulation.happens("/shop/web is removed in \(old)") { [old] in $0[old].services["/shop/web"] = nil }
        simulation.checker.live = simulation.world[old]
    }

    /// Does what a stop asks for that would have lost services: copies each to the new color, and removes it from the old.
    func moveWhatWouldBeLost() {
        guard case .halted(let failure) = simulation.state.status,
            failure.summary.hasPrefix("Services run on \(old) only")
        else { return }
        for (id, launched) in simulation.world[old].services.sorted(by: { $0.key < $1.key })
        where simulation.world[new].services[id] == nil {
            simulation.happens("\(id) is moved from \(old) to \(new)") { [old, new] world in
                world[new].services[id] = LaunchedService(live: launched.service)
                world[old].services[id] = nil
            }
        }
    }
}
