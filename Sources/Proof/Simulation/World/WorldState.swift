import Migration

/// A data centre as a value: everything that the drivers of a simulation read and change.
struct WorldState: Sendable, Hashable {
    /// Milliseconds since the simulation began.
    var time: Int64 = 0
    var blue = ColorState()
    var green = ColorState()
    var loadBalancers: [SimulatedLoadBalancer]
    var disksAreBuilt = false
    /// Whose servers a color's variables really mean: overridden, those of the other.
    var target = ByColor<Color>(both: .blue)
    /// Servers of a color that a backend needs to carry traffic.
    var needed = ByColor<Int>(both: 1)
    /// What the source of a color reports in place of what is there; nil while it reports the truth.
    var reported = ByColor<ShrunkAnswer?>(both: nil)
    /// How often each fire time of each job was run, in whichever color.
    var jobRuns: [JobFire: Int] = [:]
    /// Runs of each job that were started by hand.
    var manualRuns: [ServiceID: Int] = [:]
    /// How long a session lasts, in milliseconds.
    var sessionLength: Int64 = 900
    /// How long a user stays whom a backend remembers, in milliseconds.
    var visitLength: Int64 = 10_000
    /// How often a job fires, and how long a run of it lasts, in milliseconds.
    var jobPeriod: Int64 = 10_000
    var jobLength: Int64 = 700
    /// Whether a service that is changed goes on serving until its new instances are healthy.
    var upgradesRoll = false
    /// Requests that no server could take.
    var failedRequests = 0
    /// Those of them for which none was even set to serve.
    var deniedRequests = 0
    /// Requests that were answered with an error, or by a server that is not there.
    var wrongAnswers = 0.0

    init(loadBalancers: [SimulatedLoadBalancer]) {
        self.loadBalancers = loadBalancers
        target[.green] = .green
    }

    struct JobFire: Sendable, Hashable {
        var job: ServiceID
        var time: Int64
    }

    subscript(color: Color) -> ColorState {
        get { color == .blue ? blue : green }
        set { if color == .blue { blue = newValue } else { green = newValue } }
    }

    subscript(name: LoadBalancerID) -> SimulatedLoadBalancer? {
        get { loadBalancers.first { $0.name == name } }
        set {
            guard let newValue, let index = loadBalancers.firstIndex(where: { $0.name == name }) else { return }
            loadBalancers[index] = newValue
        }
    }
}

/// The servers of one color and what runs on them.
struct ColorState: Sendable, Hashable {
    var servers: [String] = []
    /// The machines of these that are not like the others, by host.
    var machines: [Int: Machine] = [:]
    /// Servers that a provisioner was stopped in the middle of.
    var isHalfBuilt = false
    var isConfigured = false
    /// How often someone configured them.
    var configurations = 0
    var services: [ServiceID: LaunchedService] = [:]
    /// Definitions that its framework keeps, by service and revision.
    var definitions: [ServiceID: [String: Service]] = [:]
    /// Its framework launched other tasks than its definitions say.
    var runsOtherwise = false
    /// How often the task on a host was restarted, each time on other ports.
    var moves: [Int: Int] = [:]
    /// Share of requests that its services answer with an error.
    var errorRate = 0.0
    /// Share of requests that they answer with 4xx.
    var clientErrorRate = 0.0
    /// Share of requests that they refuse at first: load balancers try again, and succeed.
    var retryRate = 0.0
    /// They take requests and never answer.
    var isHanging = false
    /// Its servers are lost until then: an agent died, a switch is down.
    var isLostUntil: Int64 = 0
    /// Its framework answers no one any more.
    var isSilent = false
}

/// A service as a framework has it.
struct LaunchedService: Sendable, Hashable {
    var service: Service
    /// Instances it is to have now; of a suspended one none.
    var instances: Int
    /// A job's schedule.
    var isArmed = false
    /// When its instances are healthy.
    var readyAt: Int64
    /// Until when its instances are exchanged, while it serves.
    var rollsUntil: Int64 = 0
    /// Whether users need it.
    var isNeeded = true
    /// Until when a run of the job lasts.
    var runsUntil: Int64 = 0

    var isEnabled: Bool { service.mode == .scheduled ? isArmed : instances > 0 }
}

extension LaunchedService {
    /// A service that has been running for a long time.
    init(live service: Service) {
        self.init(
            service: service, instances: service.instances, isArmed: service.mode == .scheduled, readyAt: 0)
    }
}

// MARK: - Time

extension WorldState {
    /// Lets time pass: users make requests, sessions end, load balancers check, jobs fire.
    mutating func advance(to time: Int64) {
        guard time > self.time else { return }
        serve(from: self.time, to: time)
        fireJobs(after: self.time, upTo: time)
        self.time = time
        check()
        noteWhoCarries()
    }

    /// Whether a color's services answer: its servers stand, and every service that others use is ready.
    func isServing(_ color: Color) -> Bool {
        let state = self[color]
        return !state.servers.isEmpty && !state.services.isEmpty && time >= state.isLostUntil
            && state.services.values.allSatisfy {
                !$0.isNeeded || $0.service.mode.isSingleton || ($0.instances > 0 && $0.readyAt <= time)
            }
    }

    /// Fire times of a job at which no color let it run.
    func missedRuns(of job: ServiceID) -> Int {
        Int(time / jobPeriod) - jobRuns.keys.count { $0.job == job }
    }

    private mutating func fireJobs(after start: Int64, upTo end: Int64) {
        var fire = (start / jobPeriod + 1) * jobPeriod
        while fire <= end {
            for color in Color.allCases {
                for id in self[color].services.keys.sorted() where self[color].services[id]?.isArmed == true {
                    let end = fire + jobLength
                    self[color].services[id]?.runsUntil = end
                    jobRuns[JobFire(job: id, time: fire), default: 0] += 1
                }
            }
            fire += jobPeriod
        }
    }
}
