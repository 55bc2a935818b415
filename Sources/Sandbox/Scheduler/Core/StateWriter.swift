/// Writes the durable form again and again, and makes again only the text of what has changed.
///
/// The whole state is one file, so that it is replaced as a whole; with a thousand apps most of it stays the same.
struct StateWriter: Sendable {
    private struct AppKey: Equatable {
        let current: Timestamp
        let effective: Timestamp?
        let history: [Timestamp]
    }

    private var apps: [PathID: (key: AppKey, text: [UInt8])] = [:]
    private var tasks: [String: (task: TaskRecord, text: [UInt8])] = [:]
    private var revisions: [Timestamp: [UInt8]] = [:]

    mutating func text(of state: SchedulerState) -> [UInt8] {
        refresh(state)
        let (apps, tasks, revisions) = (apps, tasks, revisions)
        var text = Array("{\"header\":\(StateDocument.header(state)),\n\"apps\":[".utf8)
        Self.append(state.apps.keys.sorted().lazy.compactMap { apps[$0]?.text }, to: &text)
        text += Array("],\n\"revisions\":[".utf8)
        Self.append(state.revisions.lazy.compactMap { revisions[$0.version] }, to: &text)
        text += Array("],\n\"tasks\":[".utf8)
        let order = state.tasksByApp.values.joined()
        Self.append(order.lazy.compactMap { tasks[$0]?.text }, to: &text)
        text += Array("]}\n".utf8)
        return text
    }

    private mutating func refresh(_ state: SchedulerState) {
        for (id, app) in state.apps {
            let key = AppKey(
                current: app.definition.version, effective: app.effective?.version, history: app.history.map(\.version))
            if apps[id]?.key != key { apps[id] = (key, Array(StateDocument.app(app).utf8)) }
        }
        if apps.count > state.apps.count { apps = apps.filter { state.apps[$0.key] != nil } }
        for (id, task) in state.tasks {
            var durable = task
            durable.health = []
            if tasks[id]?.task != durable { tasks[id] = (durable, Array(StateDocument.task(task).utf8)) }
        }
        for revision in state.revisions where revisions[revision.version] == nil {
            revisions[revision.version] = Array(StateDocument.revision(revision).utf8)
        }
        if revisions.count > state.revisions.count {
            let kept = Set(state.revisions.map(\.version))
            revisions = revisions.filter { kept.contains($0.key) }
        }
        if tasks.count > state.tasks.count { tasks = tasks.filter { state.tasks[$0.key] != nil } }
    }

    private static func append(_ parts: some Sequence<[UInt8]>, to text: inout [UInt8]) {
        var isFirst = true
        for part in parts {
            if !isFirst { text += [UInt8(ascii: ","), UInt8(ascii: "\n")] }
            isFirst = false
            text += part
        }
    }
}
