import Migration

/// A load balancer in front of both colors.
struct SimulatedLoadBalancer: Sendable, Hashable {
    var name: LoadBalancerID
    var servers: [SimulatedServer]
    /// In the order of their first server.
    var backends: [SimulatedBackend]
    var epoch = 0
    /// It does not answer until then, but serves users.
    var isUnreachableUntil: Int64 = 0
    /// Its admin socket says nothing until then: whoever asks waits for the deadline.
    var isFrozenUntil: Int64 = 0
    /// When a reload or restart last made it forget what was set.
    var resetAt: Int64 = -1
    /// How often it asks its servers how they are, in milliseconds; 0 where it knows at once.
    var checkPeriod: Int64 = 0
    /// For how long a server that has come up gets less than its weight, in milliseconds.
    var slowStart: Int64 = 0
    /// Whether a reload keeps what was set.
    var keepsState = false
    /// Whether it counts nothing, and says only how long a session lasts at most.
    var isBlind = false
    /// Which process answers, and since when.
    var process = 1
    var startedAt: Int64 = 0
    /// Whether it can be asked for its processes of before a reload.
    var tellsOldWorkers = true
    /// For how long a client is between two requests whom a reload leaves connected, in milliseconds; 0 where a reload
    /// ends such connections.
    var clientPause: Int64 = 0
    /// What processes of before a reload still serve.
    var oldSessions: [OldSession] = []
    /// How long these live at most, in milliseconds.
    var hardStopAfter: Int64 = 600_000
    /// Servers that a reload lost.
    var lost: [SimulatedServer] = []

    init(name: LoadBalancerID, servers: [SimulatedServer]) {
        self.name = name
        self.servers = servers
        backends = servers.map(\.backend).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
            .map(SimulatedBackend.init)
    }

    func isSwitch(_ backend: String) -> Bool { backends.contains { $0.name == backend && $0.isSwitch } }

    /// The color that a switch's entry names.
    func chosen(in backend: String) -> Color? {
        servers.first { $0.backend == backend && $0.weight > 0 }?.color
            ?? backends.first { $0.name == backend }?.chosen
    }

    /// A session that a process of before a reload serves.
    struct OldSession: Sendable, Hashable {
        var process: Int
        var backend: String
        var server: String
        var color: Color
        /// Until then its client is between two requests.
        var begin: Int64
        var end: Int64
    }
}

/// A backend as a load balancer has it, and how its users fare.
struct SimulatedBackend: Sendable, Hashable {
    let name: String
    /// An entry of a map sends all requests to one color: weights are 1 and 0.
    var isSwitch = false
    /// The color that the entry names, where none of its servers is listed to show it.
    var chosen: Color?
    /// Each color's part of the users, where they stay at their color while it can serve (a cookie); nil where no one
    /// is remembered.
    var remembered: ByColor<Double>?
    /// Requests that the load balancer answered itself, as no server could.
    var refused = 0.0
    /// The part that a color failed of what it was asked just now; nil where it was asked nothing.
    var failed = ByColor<Double?>(both: nil)
    /// Since when a color fails a fifth of what it is asked; nil while it does not, or is asked nothing.
    var failingSince = ByColor<Int64?>(both: nil)
    /// Since when a color refuses a fifth of what it is asked at first.
    var refusingSince = ByColor<Int64?>(both: nil)
    /// Since when no server can be asked.
    var unservedSince: Int64?
    /// The part of its users' requests that failed lately.
    var hurt = 0.0
    /// The most sessions that it had at a time; nil where no one knows.
    var peak: Int?
    /// The same since its process began, as the load balancer reports it.
    var countedPeak: Int?
    /// Since when the load balancer can't say that enough servers of a color carry traffic.
    var silentSince = ByColor<Int64?>(both: 0)

    init(name: String) { self.name = name }
}

/// A server as a load balancer lists it.
struct SimulatedServer: Sendable, Hashable {
    var backend: String
    var name: String
    var color: Color
    /// Whose machine its address is, which its name does not prove.
    var machine: Color
    /// Which of the machines.
    var host: Int
    var weight: Int
    var administration = ServerState.Administration.ready
    /// What the configuration says, to which a reload returns.
    var configuredWeight: Int
    var isBackup = false
    /// A free slot: it has no address and is held in maintenance.
    var isFree = false
    /// Added while the load balancer ran: a reload loses it.
    var isDynamic = false
    /// Sessions that it takes at a time; nil without a limit.
    var limit: Int?
    /// Where it listens; nil for its backend's usual port.
    var port: Int?
    /// The same as dynamic, by rz: no one else puts it back.
    var isAdded = false
    /// It is up, answers checks, and fails whoever asks it for something.
    var isSick = false
    /// It does not answer at all until then.
    var isDeadUntil: Int64 = 0
    /// It never answers again.
    var isGone = false
    // What the load balancer thinks of it.
    var isBelievedUp = true
    var isChecked = true
    var past = Past()

    /// When things befell it, and what it counted. Two servers that differ in nothing else will do the same from here on:
    /// the exploration, which has no end unless states come again, takes them for one.
    struct Past: Sendable, Hashable {
        var nextCheckAt: Int64 = 0
        var slowUntil: Int64 = 0
        var requests = 0.0
        var errors = 0.0
        var clientErrors = 0.0
        // What of its errors is of which class.
        var badAnswers = 0.0
        var unconnected = 0.0
        var broken = 0.0
        var retries = 0.0
        /// Requests that it was asked and never answered.
        var hung = 0.0
        /// When the last session that it took ends.
        var busyUntil: Int64 = 0
        /// When the first of them began, of those that followed each other.
        var busySince: Int64 = 0
        /// Requests wait for it until then, and are served afterwards.
        var queuedUntil: Int64 = 0
        var lastRequestAt: Int64 = -10_000
    }

    init(
        backend: String, name: String, color: Color, weight: Int, configuredWeight: Int, host: Int = 0
    ) {
        self.backend = backend
        self.name = name
        self.color = color
        machine = color
        self.host = host
        self.weight = weight
        self.configuredWeight = configuredWeight
    }

    /// Whether new requests are shared out to it, as far as it was set.
    var isSetToServe: Bool { weight > 0 && isReady }
    var isReady: Bool { administration == .ready && !isFree && !isBackup }
}

extension SimulatedLoadBalancer {
    /// What can be set of its servers.
    struct Setting: Hashable {
        var weight: Int
        var administration: ServerState.Administration
    }

    var settings: [Setting] {
        get { servers.map { Setting(weight: $0.weight, administration: $0.administration) } }
        set {
            for (index, setting) in newValue.enumerated() where servers.indices.contains(index) {
                servers[index].weight = setting.weight
                servers[index].administration = setting.administration
            }
        }
    }

    /// With which new requests are shared out: in `drain` and `maint` a server gets none.
    func weights(of color: Color, in backend: String) -> [Int] {
        servers.filter { $0.color == color && $0.backend == backend && !$0.isFree && !$0.isBackup }
            .map { $0.administration == .ready ? $0.weight : 0 }
    }

    /// When the last session with a color ends, queued requests and processes of before a reload included.
    ///
    /// - Parameter unseen: users who came where no one was after this time are left out.
    func lastBusy(_ color: Color, sessionLength: Int64, unseen: Int64 = .max) -> Int64 {
        let own = servers.filter { $0.color == color }.map { server in
            max(
                server.past.busySince > unseen ? 0 : server.past.busyUntil,
                server.past.queuedUntil > 0 ? server.past.queuedUntil + sessionLength : 0)
        }
        return max(own.max() ?? 0, oldSessions.filter { $0.color == color }.map(\.end).max() ?? 0)
    }
}
