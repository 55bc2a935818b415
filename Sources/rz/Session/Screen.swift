import Migration
import Publishing
import Synchronization

/// Where a run is shown: redrawn in place for people, one line an event in a pipe, one JSON object each for machines.
///
/// It only takes what it is given; a thread of its own renders and writes. Who reads too slowly loses the oldest lines
/// and learns how many, who stops reading loses all the rest, and the run knows of neither (invariant I14).
final class Screen: TelemetrySink {
    /// Lines that wait for their reader, at most.
    private static let mostLines = 1000
    /// The time that a reader has for the last lines.
    private static let patience = Duration.seconds(2)

    private let output: RunSession.Output
    private let renderer: ScreenRenderer
    private let stream: BoundedOutput<ScreenRenderer.Item>
    private let ticker = Mutex<Task<Void, Never>?>(nil)

    init(
        plan: Plan, run: RunID, output: RunSession.Output, secrets: @escaping @Sendable () -> Secrets,
        terminal: Terminal = .standardOutput
    ) {
        self.output = output
        let renderer = ScreenRenderer(plan, run, output, terminal, secrets)
        self.renderer = renderer
        // A frame shows what is newest when it is drawn: more than one never waits.
        stream = BoundedOutput(to: terminal.descriptor, capacity: output == .people ? 1 : Screen.mostLines) {
            renderer.text(of: $0, dropped: $1)
        }
    }

    func start() {
        guard output == .people else { return }
        ticker.withLock { [stream] ticker in
            ticker = Task {
                while !Task.isCancelled {
                    stream.publish(.frame)
                    try? await Task.sleep(for: .milliseconds(500))
                }
            }
        }
    }

    /// Returns at once.
    func show(_ event: Event, _ state: RunState) {
        switch output {
        case .people: renderer.take(state)
        case .lines, .json: stream.publish(.event(event))
        }
    }

    /// Returns at once.
    func publish(_ reading: TelemetryReading, run: RunID) {
        renderer.take(reading)
        if output == .json { stream.publish(.traffic) }
    }

    /// Shows how the run ended, if its reader takes that in time.
    func stop(_ final: RunState?) async {
        ticker.withLock { $0?.cancel() }
        await stream.close(with: .end(final), within: Screen.patience)
    }
}
