import JSON

/// What a task needs of an agent, and what an agent has.
struct Resources: Sendable, Hashable {
    var cpus = 0.0
    var mem = 0.0
    var disk = 0.0
    var gpus = 0.0

    init(cpus: Double = 0, mem: Double = 0, disk: Double = 0, gpus: Double = 0) {
        self.cpus = cpus
        self.mem = mem
        self.disk = disk
        self.gpus = gpus
    }

    /// Reads `cpus`, `mem`, `disk` and `gpus`, which Marathon writes under the same names everywhere.
    init(_ json: JSON, otherwise standard: Resources = Resources(cpus: 1, mem: 128)) {
        cpus = json["cpus"]?.double ?? standard.cpus
        mem = json["mem"]?.double ?? standard.mem
        disk = json["disk"]?.double ?? standard.disk
        gpus = json["gpus"]?.double ?? standard.gpus
    }

    static func + (left: Resources, right: Resources) -> Resources {
        Resources(
            cpus: left.cpus + right.cpus, mem: left.mem + right.mem, disk: left.disk + right.disk,
            gpus: left.gpus + right.gpus)
    }

    static func - (left: Resources, right: Resources) -> Resources {
        Resources(
            cpus: left.cpus - right.cpus, mem: left.mem - right.mem, disk: left.disk - right.disk,
            gpus: left.gpus - right.gpus)
    }
}
