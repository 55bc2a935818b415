import FoundationEssentials
import Glibc
import Migration
import Planning
import SafeFiles

/// What is kept of the services of an environment's colors: a file for each, as it was when the color last reported all of
/// them. They hold definitions, and with them secrets, so that they are for their owner alone.
struct KeptServicesFolder {
    private let path: String

    init(_ environment: String, _ places: Places) { path = places.state(of: environment) + "/kept" }

    /// For people.
    ///
    /// - Parameter isLeft: the services as the last run left them, whatever became of them since.
    func file(of color: Color, asLeft isLeft: Bool = false) -> String {
        "\(path)/\(color)\(isLeft ? "-left" : "").json"
    }

    /// Hundreds of megabytes are no file of services.
    private static let largest = 256 << 20

    /// - Returns: nil where nothing is kept.
    func read(_ color: Color, asLeft isLeft: Bool = false) throws(Failure) -> KeptServices? {
        let file = file(of: color, asLeft: isLeft)
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        let bytes: [UInt8]
        do throws(FileProblem) {
            try TrustedFolder.requireOwn(path)
            bytes = try FileContents.read(file, limit: Self.largest)
        } catch {
            throw Failure("The services that were kept can't be read", at: file, details: [error.description])
        }
        let kept = try KeptServices.read(bytes, at: file)
        guard kept.color == color else {
            throw Failure("The services that were kept are \(kept.color)'s", at: file, kind: .refused)
        }
        return kept
    }

    func all() throws(Failure) -> [Color: KeptServices] {
        var all: [Color: KeptServices] = [:]
        for color in Color.allCases { all[color] = try read(color) }
        return all
    }

    func remove(_ color: Color) {
        for isLeft in [false, true] { try? FileManager.default.removeItem(atPath: file(of: color, asLeft: isLeft)) }
    }

    func removeAll() { for color in Color.allCases { remove(color) } }

    func write(_ kept: KeptServices, asLeft isLeft: Bool = false) throws(Failure) {
        let text = try kept.fileText()
        do throws(FileProblem) {
            try? FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try FileReplacement.write(text, to: file(of: kept.color, asLeft: isLeft))
        } catch {
            throw Failure("What is known of the services can't be kept", at: path, details: [error.description])
        }
    }
}

extension Project {
    private var kept: KeptServicesFolder { KeptServicesFolder(environment.name, places) }

    /// What was kept of each color's services.
    func keptServices() throws(Failure) -> [Color: KeptServices] { try kept.all() }

    /// Keeps a look at a color's services for a day on which it does not answer. That this fails is no failure of what the
    /// look was for: people are told.
    ///
    /// Nothing is kept while a run is unfinished, which may rest on what was kept, and half of whose services may be gone; and
    /// nothing that reports far fewer services than what is kept already.
    func keep(_ look: ServiceLook?, at time: Instant) async {
        guard let look, await !isRunUnfinished else { return }
        guard environment.services.keep != false else { return kept.removeAll() }
        do throws(Failure) {
            if let before = try kept.read(look.color), !before.areFromFiles {
                let lost = environment.services.shrinkages(
                    before: Set(before.services.map(\.id)), now: Set(look.services.map(\.id)))
                if let large = lost.first(where: { !$0.isSmall }) {
                    return note(
                        "\(look.color): \(large.description). The services of \(before.time) are kept on; if people removed "
                            + "these, move \(kept.file(of: look.color)) away")
                }
            }
            try kept.write(look.kept(at: time))
        } catch {
            note(error.description)
        }
    }

    /// The same after a look of its own.
    func keepServices(of color: Color) async { await keep(try? await look(at: color), at: SystemClock().now) }

    /// Once a run has moved the traffic: what the new color runs is all that there is, and what the old one ran is gone.
    func keepServices(after plan: Plan) async {
        let (old, new) = (plan.direction.old, plan.direction.new)
        guard environment.services.keep != false else { return kept.removeAll() }
        do throws(Failure) {
            if plan.unreachable == nil { kept.remove(old) }
            // What was kept of it is of another life.
            kept.remove(new)
            guard let look = try await look(at: new) else { return }
            let found = look.kept(at: SystemClock().now)
            try kept.write(found)
            try kept.write(found, asLeft: true)
        } catch {
            note(error.description)
        }
    }

    private func look(at color: Color) async throws(Failure) -> ServiceLook? {
        let servers = try await drivers.provisioner.observeServers(color)
        return try await ServiceLook.observe(color, on: servers, environment, drivers)
    }

    /// What a run of a plan talks to: an old color that does not answer is what was kept of it.
    func drivers(for plan: Plan) throws(Failure) -> Drivers {
        guard let unreachable = plan.unreachable else { return drivers }
        let file = kept.file(of: plan.direction.old)
        guard let services = try kept.read(plan.direction.old) else {
            throw Failure(
                "The services that the plan moves are kept on no more", at: file,
                details: ["the plan moves those of \(unreachable.keptAt)"],
                advice: "Copy the file from the host that made the plan, or from a backup; then: rz resume.",
                kind: .refused)
        }
        try services.refuseUnless(unreachable, at: file)
        return drivers.keeping(services, as: unreachable, plan.environment.services)
    }

    private var isRunUnfinished: Bool {
        get async {
            guard let store = try? Stores.runs(of: environment.name, places, readOnly: true),
                let latest = try? await Runs(environment: environment.name, store: store).latest()
            else { return false }
            return !latest.state.status.isEnded
        }
    }

    private func note(_ text: String) { Terminal.standardError.write("note: \(text)\n", within: .seconds(2)) }
}
