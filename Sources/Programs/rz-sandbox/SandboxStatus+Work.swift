import Commands
import JSON
import Migration
import Planning
import SafeFiles
import Sandbox

extension SandboxStatus: SandboxWork {
    func perform() async throws -> ExitStatus {
        let places = try Places.trusted()
        guard let folder = try SandboxFolder.existing(in: places.home) else {
            throw Failure("There is no sandbox", at: places.home, advice: "Build one with: rz sandbox up.")
        }
        let status = folder.status(live: try await live(folder))
        guard !json else {
            Terminal.standardOutput.write(status.compact + "\n")
            return .done
        }
        var lines = ["live: \(status["live"]?.string ?? "unknown")"]
        for color in Color.allCases { lines.append("marathon of \(color): \(folder.marathon(color))") }
        for color in Color.allCases { lines.append("metronome of \(color): \(folder.metronome(color))") }
        let asked = status["live"]?.string.flatMap { Color(rawValue: $0) } ?? .blue
        lines.append("ask them: curl -K \(FileProblem.quoted(folder.curlFile)) \(folder.marathon(asked))/v2/apps")
        for frontend in folder.frontends { lines.append("\(frontend.name): \(frontend.url)") }
        for balancer in status["loadBalancers"]?.array ?? [] {
            lines.append("admin socket of \(balancer["name"]?.string ?? ""): \(balancer["socket"]?.string ?? "")")
        }
        Terminal.standardOutput.write(lines.joined(separator: "\n") + "\n")
        return .done
    }

    private func live(_ folder: SandboxFolder) async throws -> Color? {
        let project = try await Project.load("sandbox", root: folder.root)
        var states: [LoadBalancerID: LoadBalancerState] = [:]
        for loadBalancer in project.drivers.loadBalancers {
            states[loadBalancer.name] = try? await loadBalancer.observe()
        }
        return try? liveColor(of: states, project.environment.traffic)
    }
}
