import JSON

/// How a Marathon reports less than it runs, so that others can show that they don't believe it: what the file beside
/// its state says, `STATE.shrunk`, for as long as it is there. Only what is read is so; what runs goes on.
enum ShrunkAnswers: String {
    /// A leader that came up without its state.
    case all
    /// Every other service is missing.
    case half
    /// Lists are null.
    case null

    init?(of configuration: SchedulerConfiguration) {
        guard let bytes = try? File.read(configuration.stateFile + ".shrunk") else { return nil }
        self.init(rawValue: String(decoding: bytes, as: UTF8.self))
    }

    /// What is left of a state.
    func applied(to state: SchedulerState) -> SchedulerState {
        var left = state
        switch self {
        case .all:
            left.apps = [:]
            left.groups = [.root: GroupRecord()]
        case .half:
            for (index, id) in state.apps.keys.sorted().enumerated() where index.isMultiple(of: 2) {
                left.apps[id] = nil
            }
        case .null: break
        }
        return left
    }

    /// The answer to a list.
    func applied(to response: APIResponse, of path: [String]) -> APIResponse {
        guard self == .null, response.status == 200 else { return response }
        switch path {
        case ["v2", "apps"]: return APIResponse(json: ["apps": .null])
        case ["v2", "pods"], ["v2", "deployments"]: return APIResponse(json: .null)
        default: return response
        }
    }
}
