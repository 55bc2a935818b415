import JSON

/// What happens to tasks: they start, answer their health checks, and end.
extension SchedulerState {
    mutating func started(_ id: String, _ process: ProcessIdentity?, _ now: Timestamp) {
        guard var task = tasks[id], task.startedAt == nil else { return }
        task.process = process
        task.startedAt = now
        if task.phase == .staging { task.phase = .running }
        tasks[id] = task
        attention.insert(task.app)
        markDurableChange()
        log(.running, task, now)
        publishStatus(task, "TASK_RUNNING", "", now)
        guard task.phase == .running else { return emit(.end(task, force: false)) }
        probe(task)
    }

    /// A task of an earlier scheduler process that is still alive.
    mutating func adopted(_ id: String, _ process: ProcessIdentity?, _ now: Timestamp) {
        guard var task = tasks[id] else { return }
        task.process = process
        if task.startedAt == nil { task.startedAt = now }
        if task.phase == .staging { task.phase = .running }
        tasks[id] = task
        attention.insert(task.app)
        markDurableChange()
        log(.adopted, task, now)
        if task.phase == .killing {
            dying.insert(id)
            emit(.end(task, force: false))
        } else {
            probe(task)
        }
    }

    mutating func unlaunched(_ id: String, _ now: Timestamp) {
        guard let task = tasks[id] else { return }
        guard task.phase == .staging, let app = apps[task.app]?.definition(of: task.version) else {
            return exited(id, .neverStarted("The task was never started"), now)
        }
        log(.launched, task, now)
        emit(.launch(task, app))
    }

    mutating func exited(_ id: String, _ exit: TaskExit, _ now: Timestamp) {
        guard let task = tasks.removeValue(forKey: id) else { return }
        tasksByApp[task.app]?.removeAll { $0 == id }
        if tasksByApp[task.app]?.isEmpty == true { tasksByApp[task.app] = nil }
        dying.remove(id)
        attention.insert(task.app)
        offersChanged = true
        markDurableChange()
        emit(.forget(task))
        endSiblings(of: task, now)
        if task.phase == .killing {
            log(.killed, task, now)
            publishStatus(task, "TASK_KILLED", "Command terminated", now)
            if apps[task.app] == nil, tasksByApp[task.app] == nil {
                publish("app_terminated_event", at: now, [("appId", .string(task.app.description))])
            }
            return
        }
        log(.failed, task, now, message: exit.description)
        publishStatus(task, exit.state, exit.description, now)
        guard let policy = apps[task.app]?.effective?.backoff else { return }
        apps[task.app]?.lastFailure = TaskFailure(
            task: id, hostname: task.hostname, slaveID: task.slaveID, message: exit.description, state: exit.state,
            timestamp: now, version: task.version)
        guard exit.callsForBackoff else { return }
        let lifetime = (task.startedAt ?? now).seconds(until: now)
        if apps[task.app]?.backoff == nil {
            apps[task.app]?.backoff = Backoff(policy, at: now)
        } else {
            apps[task.app]?.backoff?.extend(policy, at: now, lifetime: lifetime)
        }
    }

    mutating func probed(_ id: String, _ index: Int, _ failure: String?, _ now: Timestamp) {
        guard var task = tasks[id], task.phase == .running, task.health.indices.contains(index),
            let checks = checks(of: task), checks.indices.contains(index)
        else { return }
        let check = checks[index]
        guard check.purpose == .health else { return askedForReadiness(id, index, failure, now) }
        var health = task.health[index]
        let wasAlive = task.isAlive
        if let failure {
            // Marathon does not count failures of a task that is still allowed to be starting.
            let graceEnd = (task.startedAt ?? now).adding(seconds: check.gracePeriod)
            if health.firstSuccess == nil, now < graceEnd { return }
            health.consecutiveFailures += 1
            health.alive = false
            health.lastFailure = now
            health.lastFailureCause = failure
        } else {
            health.consecutiveFailures = 0
            health.alive = true
            health.firstSuccess = health.firstSuccess ?? now
            health.lastSuccess = now
        }
        task.health[index] = health
        tasks[id] = task
        if let failure { publishFailedCheck(task, failure, now) }
        if task.isAlive != wasAlive {
            attention.insert(task.app)
            publishHealth(task, now)
        }
        guard check.maxConsecutiveFailures > 0, health.consecutiveFailures >= check.maxConsecutiveFailures else {
            return
        }
        publish(
            "unhealthy_instance_kill_event", at: now,
            subject(task) + [("reason", .string(failure ?? "")), ("version", .string(task.version.description))])
        kill(id, now)
    }

    /// Ends a task politely; the tick ends it by force when its grace period has passed.
    mutating func kill(_ id: String, _ now: Timestamp) {
        guard var task = tasks[id], task.phase != .killing else { return }
        task.phase = .killing
        task.killDeadline = now.adding(seconds: task.killGracePeriod)
        tasks[id] = task
        dying.insert(id)
        attention.insert(task.app)
        markDurableChange()
        publishStatus(task, "TASK_KILLING", "", now)
        emit(.end(task, force: false))
    }

    mutating func kill(_ instance: Instance, _ now: Timestamp) {
        for task in instance.tasks { kill(task.id, now) }
    }

    /// The containers of a pod's instance stand and fall together.
    private mutating func endSiblings(of task: TaskRecord, _ now: Timestamp) {
        guard task.container != nil else { return }
        for sibling in tasks(of: task.app) where sibling.instanceID == task.instanceID { kill(sibling.id, now) }
    }

    /// A readiness check counts once: with its first success the task is ready for good.
    private mutating func askedForReadiness(_ id: String, _ index: Int, _ failure: String?, _ now: Timestamp) {
        guard failure == nil, let task = tasks[id], !task.health[index].alive else { return }
        tasks[id]?.health[index].alive = true
        tasks[id]?.health[index].firstSuccess = now
        attention.insert(task.app)
    }

    private func checks(of task: TaskRecord) -> [HealthCheck]? {
        apps[task.app]?.definition(of: task.version)?.container(named: task.container)?.checks
    }

    private mutating func probe(_ task: TaskRecord) {
        guard let checks = checks(of: task), !checks.isEmpty else { return }
        tasks[task.id]?.health = checks.map { Health(of: $0) }
        emit(.probe(task, checks))
    }
}

/// What is reported about tasks.
extension SchedulerState {
    mutating func log(_ kind: LogEntry.Kind, _ task: TaskRecord, _ now: Timestamp, message: String? = nil) {
        emit(
            .log(
                LogEntry(
                    time: now, kind: kind, app: task.app, task: task.id, agent: task.server, port: task.ports.first,
                    message: message)))
    }

    mutating func publishStatus(_ task: TaskRecord, _ state: String, _ message: String, _ now: Timestamp) {
        publish(
            "status_update_event", at: now,
            [
                ("slaveId", .string(task.slaveID)), ("taskId", .string(task.id)), ("taskStatus", .string(state)),
                ("message", .string(message)), ("appId", .string(task.app.description)),
                ("host", .string(task.hostname)),
                ("ipAddresses", [["ipAddress": .string(task.hostname), "protocol": "IPv4"]]),
                ("ports", .array(task.ports.map { .count($0) })),
                ("version", .string(task.version.description)),
            ])
        let name = state.dropFirst("TASK_".count)
        publish(
            "instance_changed_event", at: now,
            [
                ("instanceId", .string(task.instanceID)),
                ("condition", .string(String(name.prefix(1)) + name.dropFirst().lowercased())),
                ("runSpecId", .string(task.app.description)), ("agentId", .string(task.slaveID)),
                ("host", .string(task.hostname)), ("runSpecVersion", .string(task.version.description)),
            ])
    }

    private func subject(_ task: TaskRecord) -> [(String, JSON)] {
        [
            ("appId", .string(task.app.description)), ("taskId", .string(task.id)),
            ("instanceId", .string(task.instanceID)), ("host", .string(task.hostname)),
        ]
    }

    private mutating func publishFailedCheck(_ task: TaskRecord, _ cause: String, _ now: Timestamp) {
        publish("failed_health_check_event", at: now, subject(task) + [("cause", .string(cause))])
    }

    private mutating func publishHealth(_ task: TaskRecord, _ now: Timestamp) {
        let version = JSON.string(task.version.description)
        publish(
            "health_status_changed_event", at: now,
            [
                ("appId", .string(task.app.description)), ("instanceId", .string(task.instanceID)),
                ("version", version), ("alive", .bool(task.isAlive)),
            ])
        publish(
            "instance_health_changed_event", at: now,
            [
                ("instanceId", .string(task.instanceID)), ("runSpecVersion", version),
                ("healthy", .bool(task.isAlive)), ("runSpecId", .string(task.app.description)),
            ])
    }
}
