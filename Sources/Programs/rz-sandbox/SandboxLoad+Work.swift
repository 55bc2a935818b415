import Commands
import JSON
import Migration
import Sandbox

extension SandboxLoadCommand: SandboxWork {
    func perform() async throws -> ExitStatus {
        let places = try Places.trusted()
        guard let folder = try SandboxFolder.existing(in: places.home), let period else {
            throw Failure("There is no sandbox", at: places.home, advice: "Build one with: rz sandbox up.")
        }
        let load = SandboxLoad(frontends: folder.frontends.map(\.url), rate: rate)
        let work = Task { await load.run(for: period.duration) }
        let signals = Signals { work.cancel() }
        let result = await work.value
        signals.stop()
        Terminal.standardOutput.write(json ? result.json.compact + "\n" : SandboxLoadCommand.text(result))
        return result.failed == 0 ? .done : .error
    }

    private static func text(_ result: LoadResult) -> String {
        let colors = result.byColor.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let times = "p50 \(result.json["p50_ms"]?.compact ?? "?") ms, p99 \(result.json["p99_ms"]?.compact ?? "?") ms"
        return "\(result.requests) requests, \(result.failed) failed, \(times); \(colors)\n"
            + result.failures.map { "  \($0)\n" }.joined()
    }
}
