import FoundationEssentials
import Glibc
import Migration
import Planning
import Provisioning
import Runbooks

/// A folder in which an environment is tried out that is not written yet: files, a copy of the state, and the drivers
/// of runs. It is taken away in the end; what a killed process left there goes with the next look.
struct AdoptionStage {
    let template: EnvironmentTemplate
    let state: ExistingState?
    let places: Places

    private var folder: String { places.state(of: template.name) + "/adoption" }
    private var project: String { folder + "/project" }

    /// Adds what runs would stumble over: a Terraform that would change the live color, colors that collide, services
    /// bound to their cluster.
    func complete(_ found: inout Adoption.Found) async throws {
        let files = FileManager.default
        try? files.removeItem(atPath: folder)
        defer {
            try? files.removeItem(atPath: folder)
            // Only if nothing else is there.
            rmdir(places.state(of: template.name))
        }
        for file in template.files {
            let path = "\(project)/\(file.path)"
            try files.createDirectory(
                at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(file.text.utf8).write(to: URL(filePath: path))
            if file.isExecutable { chmod(path, 0o700) }
        }
        try state?.place(for: found.color, in: folder + "/state")
        let staged = try ProjectFolder(root: project)
        let environment = try staged.environment(template.name)
        let place = staged.environmentFolder(template.name)
        let settings = SettingResolver(environmentFolder: place, rzHome: places.home)
        Redaction.cover(settings)
        try settings.remember(referencesOf: environment)
        let drivers = try Drivers.registered(
            for: environment, folder: place, state: folder + "/state", settings: settings, checkout: nil, looking: true)
        if state != nil { found.missing = try await ofTerraform(drivers, found.color) + found.missing }
        if !template.frameworks.isEmpty { try await readServices(environment, drivers, &found) }
    }

    private func ofTerraform(_ drivers: Drivers, _ color: Color) async throws(Failure) -> [Adoption.Missing] {
        let variables = template.adopted?.variables ?? []
        let unknown = variables.filter { $0.value == nil || $0.isSecret }.map(\.name)
        guard unknown.isEmpty else {
            return [
                Adoption.Missing(
                    "whether Terraform would change \(color) is not known: the values of \(unknown.joined(separator: ", ")) "
                        + "are to be filled in", ["then look: rz converge \(template.name) --check --only servers"])
            ]
        }
        var missing: [Adoption.Missing] = []
        do throws(Failure) {
            let drifts = try await drivers.provisioner.observeDrift(color)
            if !drifts.isEmpty {
                missing.append(
                    Adoption.Missing(
                        "Terraform would change \(color): give the module and its variables what \(color) was built with",
                        drifts.flatMap { drift in ["\(drift.subject) \(drift.text)"] + drift.diff.map { "  \($0)" } }))
            }
        } catch {
            if error.kind == .cancelled { throw error }
            return [Adoption.Missing("Terraform's plan for \(color) can't be made", error)]
        }
        guard !variables.contains(where: \.isOfColor) else { return missing }
        do throws(Failure) {
            _ = try await drivers.provisioner.observeChanges(color.other)
        } catch {
            if error.kind == .cancelled { throw error }
            missing.append(Adoption.Missing("Terraform can't build \(color.other) beside \(color)", error))
        }
        return missing
    }

    /// What is bound to its cluster, each with the override to write.
    private func readServices(
        _ environment: Environment, _ drivers: Drivers, _ found: inout Adoption.Found
    ) async throws(Failure) {
        let services: ServiceObservation
        do throws(Failure) {
            services = try await ServiceObservation(
                of: drivers.cluster(found.color, found.servers), rules: environment.services,
                in: PlacementContext(old: found.servers))
        } catch {
            // Its definitions are files, which the environment does not have yet.
            guard template.frameworks.contains(where: { $0.kind == .compose }), error.kind != .transient else {
                throw error
            }
            found.missing.append(Adoption.Missing("the services can't be read yet", error))
            return
        }
        found.services = services
        for service in services.moving {
            for finding in services.findings[service.id, default: []] where finding.judgement == .blocking {
                var lines = ["services.overrides: - { match: \(service.id), set: { \(finding.path): \"VALUE\" } }"]
                if let reference = found.servers.reference(in: finding.text) {
                    lines.append("  where VALUE has \(reference.template) in place of \(reference.text)")
                }
                if finding.kind.canBeAccepted {
                    lines.append(
                        "or, if it holds for both colors: - { match: \(service.id), accept: { \(finding.kind): \"why\" } }"
                    )
                }
                found.missing.append(
                    Adoption.Missing("\(service.id) \(finding.path): \(finding.text)", lines))
            }
        }
    }
}
