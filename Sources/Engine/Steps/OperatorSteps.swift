import Migration

/// Waits until enough people have said yes.
struct AwaitApproval: StepWork {
    let count: Int
    let reason: String

    func perform(_ context: StepContext) async throws(Failure) -> String {
        let id = context.step.id
        if await given(context).count < count {
            try await context.record(.approvalRequested(step: id, count: count, reason: reason))
        }
        try await context.poll(every: Period(milliseconds: 200)) { () async throws(Failure) -> String? in
            let given = await given(context)
            guard given.count < count else { return nil }
            let people = given.isEmpty ? "" : " (by \(given.map(\.by).joined(separator: ", ")))"
            return "approval \(given.count + 1) of \(count)\(people) \(reason): rz approve \(context.environment.name)"
        }
        return "approved by " + (await given(context).map(\.by).joined(separator: ", "))
    }

    private func given(_ context: StepContext) async -> [RunState.Approval] {
        await context.state.approvals(of: context.step, in: context.plan)
    }
}

/// Runs a program that an operator added.
struct RunProgram: StepWork {
    let work: ExecWork

    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.intend("run \(work.command.map(\.text).joined(separator: " "))")
        let inventory = try await context.inventory(of: context.direction.new)
        try await context.fence.actUntilStopped { () async throws(Failure) in
            try await context.drivers.stepRunner.run(work, inventory: inventory, report: context.report)
        }
        return "done"
    }
}

/// Makes a request that an operator added.
struct MakeRequest: StepWork {
    let work: HTTPWork

    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.intend("\(work.method) \(work.url)")
        let inventory = try await context.inventory(of: context.direction.new)
        try await context.fence.actUntilStopped { () async throws(Failure) in
            try await context.drivers.stepRunner.call(work, inventory: inventory)
        }
        return "answered \(work.expect)"
    }
}

/// Lets time pass.
struct Wait: StepWork {
    let period: Period

    func perform(_ context: StepContext) async throws(Failure) -> String {
        await context.wait(for: "\(period) to pass")
        try await context.pause(period)
        return "\(period) passed"
    }
}
