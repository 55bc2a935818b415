import Engine
import Migration
import Planning

/// Whether what runs in the new color is what runs in the old one, as the Mesos of each reports it. A framework reports
/// the definition that it was given, also where it launches something else.
struct TaskParity {
    private let context: StepContext

    init(_ context: StepContext) { self.context = context }

    /// Waits until no task of the new color differs but in what overrides changed or accept. Nothing is compared where
    /// no Mesos reports, where the old color is given up, and of a service that runs in one color only.
    ///
    /// - Parameter desired: the services that both colors have.
    /// - Returns: of how many services tasks were compared.
    func prove(_ desired: DesiredServices) async throws(Failure) -> Int {
        guard context.plan.unreachable == nil, let old = try await context.agents(of: context.direction.old),
            let new = try await context.agents(of: context.direction.new)
        else { return 0 }
        let cluster = try await context.cluster(of: context.direction.old)
        var changed: [ServiceID: Set<String>] = [:]
        for pair in desired.pairs where pair.wanted.accepted[.task] == nil {
            changed[pair.found.id] = try cluster.differences(pair.wanted, pair.found)
                .reduce(into: []) { $0.formUnion(TaskContent.parts(changedBy: $1.path)) }
        }
        let services = desired.pairs.map(\.wanted).filter { changed[$0.id] != nil }
        // What is still rolled out, and a task that is just replaced, differs for a while.
        while true {
            let originals = try await old.observeTaskContents(of: services)
            let copies = try await new.observeTaskContents(of: services).filter { originals[$0.key] != nil }
            guard let difference = difference(copies, originals, besides: changed) else { return copies.count }
            await context.wait(for: difference)
            try await context.pause(.seconds(2))
        }
    }

    /// For people: the first service of which a task differs, and in what.
    private func difference(
        _ copies: [ServiceID: Set<TaskContent>], _ originals: [ServiceID: Set<TaskContent>],
        besides changed: [ServiceID: Set<String>]
    ) -> String? {
        for id in copies.keys.sorted() {
            let difference = Self.difference(copies[id] ?? [], originals[id] ?? [], besides: changed[id] ?? [])
            if let difference { return "\(id): \(context.direction.new) runs it otherwise, by Mesos: \(difference)" }
        }
        return nil
    }

    /// For people: the first field at which a copy is like none of the originals, or an original like no copy.
    static func difference(
        _ copies: Set<TaskContent>, _ originals: Set<TaskContent>, besides changed: Set<String>
    ) -> String? {
        func differing(_ copy: TaskContent, _ original: TaskContent) -> [String] {
            copy.differences(from: original).filter { path in
                !changed.contains { path == $0 || path.hasPrefix($0 + ".") }
            }.sorted()
        }
        let nearest =
            copies.compactMap { copy in
                originals.map { ($0, copy, differing(copy, $0)) }.min { $0.2.count < $1.2.count }
            }
            + originals.compactMap { original in
                copies.map { (original, $0, differing($0, original)) }.min { $0.2.count < $1.2.count }
            }
        return nearest.filter { !$0.2.isEmpty }.map { original, copy, paths in
            let path = paths[0]
            let (new, old) = (copy.fields[path] ?? "absent", original.fields[path] ?? "absent")
            return mayBeSecret(path) ? "\(path) differs" : "\(path) is \(new), not \(old)"
        }.min()
    }

    /// People put anything into labels and into parameters of Docker.
    private static func mayBeSecret(_ path: String) -> Bool {
        path.hasPrefix("labels.") || path.contains(".parameters.") || path.hasPrefix("health_check.")
    }
}
