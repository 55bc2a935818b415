import Migration

extension OverrideRun {
    /// How a job moves: by its schedule, unless someone says that it stays.
    ///
    /// - Throws: `Failure` for a mode in which a job would fire in both colors.
    func jobMode() throws(Failure) -> (mode: ServiceMode, reason: String?) {
        let ruled = mode
        guard ruled.reason != nil, ruled.mode.isMoved, ruled.mode != .scheduled else {
            return ruled.reason == nil ? (.scheduled, nil) : ruled
        }
        throw Failure(
            "\(id) is a job, and a job can't move in the mode \(ruled.mode): it would fire in both colors",
            at: "services.overrides of environment.yaml", details: [ruled.reason ?? ""],
            advice: "Leave its mode to rz, or set manual or skip.")
    }
}
