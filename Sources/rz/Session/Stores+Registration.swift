import FoundationEssentials
import Journal
import Migration

/// Where runs are kept. The only place that knows the store by name; what only a journal can, `rz journal` does.
enum Stores {
    /// Names of the environments that have a store, or whose store is being repaired.
    static func environments(in places: Places) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: places.home + "/journal")) ?? []
        let names = files.compactMap { file in
            [".sqlite", ".sqlite.repairing"].first { file.hasSuffix($0) }.map { String(file.dropLast($0.count)) }
        }
        return Set(names).sorted()
    }

    /// The files that hold an environment's runs.
    static func files(of environment: String, in places: Places) -> [String] {
        ["", "-wal", "-shm"].map { "\(places.home)/journal/\(environment).sqlite\($0)" }
    }

    /// The runs of an environment.
    ///
    /// - Parameter secrets: what must never be written; asked at each write.
    static func runs(
        of environment: String, _ places: Places, readOnly: Bool = false,
        secrets: @escaping @Sendable () -> Secrets = { Secrets() }
    ) throws(Failure) -> any RunStore {
        JournalRuns(try journal(of: environment, places, readOnly: readOnly, secrets: secrets))
    }

    static func journal(
        of environment: String, _ places: Places, readOnly: Bool = false,
        secrets: @escaping @Sendable () -> Secrets = { Secrets() }
    ) throws(Failure) -> Journal {
        do throws(JournalError) {
            return try Journal(environment: environment, home: places.home, secrets: secrets, readOnly: readOnly)
        } catch {
            throw error.failure
        }
    }
}

/// Events for machines, one line each, in the form that journals and exports have too.
enum EventJSON {
    /// The first line: which version the others have.
    static var opening: String { EventCoding.opening(rz: RZ.version) }

    static func line(for event: Event, redacting secrets: Secrets = Secrets()) throws(Failure) -> String {
        do throws(JournalError) {
            return try EventCoding.line(for: event, redacting: secrets)
        } catch {
            throw error.failure
        }
    }
}
