import Engine
import FoundationEssentials
import Glibc
import Migration
import Operations
import Publishing
import Runbooks

/// One process performing one run: engine, signals, and the view that the reader wants.
struct RunSession {
    enum Output: Sendable { case people, lines, json }

    let project: Project
    let plan: Plan
    let run: RunID
    let store: any EventStore
    /// Of the lease under which the run acts.
    let epoch: Int
    let output: Output

    /// Performs the run and returns how it ended.
    func perform(opening: Event.Kind, until lastPhase: PhaseID? = nil) async throws -> ExitStatus {
        let plan = plan
        let screen = Screen(
            plan: plan, run: run, output: output, secrets: { [settings = project.settings] in settings.secrets })
        let ring = TelemetryRing(folder: project.places.telemetry(of: plan.environment.name))
        // Both only take what they are given: no reader, and no disk, holds up the run (invariant I14).
        let drivers = try project.drivers(for: plan)
        let engine = Engine(
            plan: plan, run: run, drivers: drivers, work: try Operation.of(plan).work,
            journal: store,
            clock: SystemClock(), epoch: epoch, telemetry: Telemetry(sinks: [screen, ring])
        ) { event, state in screen.show(event, state) }
        let interrupted = Failure(
            "Interrupted", details: ["steps under way were stopped cleanly"], advice: "Go on with: rz resume.",
            kind: .cancelled)
        let hooks = HaltHooks(plan, runner: drivers.stepRunner, clock: SystemClock())
        let signals = Signals {
            Task {
                await engine.interrupt(interrupted)
                await hooks.stop()
            }
        }
        defer { signals.stop() }
        screen.start()
        let state: RunState
        do {
            state = try await engine.perform(opening: opening, until: lastPhase)
        } catch {
            await screen.stop(nil)
            await ring.close(within: .seconds(1))
            throw error
        }
        let called = await call(hooks, after: state, screen)
        await screen.stop(state)
        await ring.close(within: .seconds(1))
        // The others read it as an event.
        if output == .people { Terminal.standardOutput.write(called.map { "  called   \($0)\n" }.joined()) }
        if state.status == .done, plan.movesTraffic { await project.keepServices(after: plan) }
        return status(of: state, interrupted)
    }

    /// Calls people where the run has halted, and notes what came of it.
    ///
    /// - Returns: the notes.
    private func call(_ hooks: HaltHooks, after state: RunState, _ screen: Screen) async -> [String] {
        guard let (steps, failure) = plan.hooks(after: state) else { return [] }
        var notes: [String] = []
        for hook in steps {
            let note = await hooks.perform(hook, after: state, failure)
            notes.append(note)
            let events = try? await store.append([.noted(text: note)], run: run, epoch: epoch, at: SystemClock().now)
            for event in events ?? [] { screen.show(event, state) }
        }
        return notes
    }

    private func status(of state: RunState, _ interrupted: Failure) -> ExitStatus {
        switch state.status {
        case .done: plan.leavesDrift ? .changes : .done
        case .rolledBack: state.isDrilled(plan) ? .done : .rolledBack
        case .aborted: .rolledBack
        case .halted(let failure): failure == interrupted ? .interrupted : .halted
        case .running, .paused, .rollingBack: .error
        }
    }
}

/// Publishes to several.
private struct Telemetry: TelemetrySink {
    let sinks: [any TelemetrySink]

    func publish(_ reading: TelemetryReading, run: RunID) {
        for sink in sinks { sink.publish(reading, run: run) }
    }
}
