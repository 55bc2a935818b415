import JSON

/// What a request is answered with: itself, the hour, and how the scheduler is configured.
struct RequestContext: Sendable {
    let request: APIRequest
    let now: Timestamp
    let configuration: SchedulerConfiguration
}

/// What every group of routes works with.
protocol Routes {
    var context: RequestContext { get }
}

extension Routes {
    var request: APIRequest { context.request }
    var now: Timestamp { context.now }
    var force: Bool { request.flag("force") }

    /// Whether a list wants a kind of detail; Marathon takes `apps.`, `app.` and `group.apps.` for the same.
    func embeds(_ detail: String) -> Bool {
        request.values(of: "embed").contains { value in
            let prefix = ["group.apps.", "apps.", "app."].first { value.hasPrefix($0) }
            return prefix.map { value.dropFirst($0.count) == detail } ?? false
        }
    }

    func reader(_ state: SchedulerState) -> AppReader {
        AppReader(configuration: context.configuration, tree: state.tree)
    }

    func show(_ task: TaskRecord, _ state: SchedulerState) -> JSON {
        AppPresentation.task(task, role: state.apps[task.app]?.definition.role ?? context.configuration.role)
    }

    func apiPost(_ definition: AppDefinition, _ state: inout SchedulerState) {
        state.publish(
            "api_post_event", at: now, origin + [("appDefinition", AppPresentation.definition(definition))])
    }

    /// Where a change came from, as events report it.
    var origin: [(String, JSON)] {
        [("clientIp", "127.0.0.1"), ("uri", .string("/" + request.path.joined(separator: "/")))]
    }
}
