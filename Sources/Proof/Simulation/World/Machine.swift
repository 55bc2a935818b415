import Migration

/// What one server's machine is like, where it is not like the others of its color.
struct Machine: Sendable, Hashable {
    /// Nothing of it answers.
    var isDead = false
    /// It is described otherwise by now: whoever builds it replaces it.
    var isOutdated = false
    /// A provisioner was stopped while it replaced it.
    var isInDoubt = false
    /// It was built, and nothing is installed there yet.
    var isBlank = false
    /// Someone changed a file there.
    var isChanged = false

    var serves: Bool { !isDead && !isBlank && !isInDoubt }
    var isReplaced: Bool { isDead || isOutdated || isInDoubt }
    var isConfigured: Bool { !isBlank && !isChanged }
}

extension ColorState {
    func serves(_ host: Int) -> Bool { machines[host]?.serves ?? true }

    /// The servers whose machines are such.
    func servers(_ isSuch: (Machine) -> Bool) -> [String] {
        servers.enumerated().filter { machines[$0.offset].map(isSuch) ?? false }.map(\.element)
    }

    /// A replacement begins by taking the old server away.
    mutating func beginReplacing() {
        for (host, machine) in machines where machine.isReplaced { machines[host]?.isInDoubt = true }
    }

    mutating func replaceMachines() {
        for (host, machine) in machines where machine.isReplaced { machines[host] = Machine(isBlank: true) }
    }

    /// - Returns: whether that changed anything.
    mutating func configureMachines() throws(Failure) -> Bool {
        if let dead = servers({ $0.isDead || $0.isInDoubt }).first {
            throw Failure("\(dead) is unreachable", kind: .transient)
        }
        let changes = machines.values.contains { !$0.isConfigured }
        for host in machines.keys {
            machines[host]?.isBlank = false
            machines[host]?.isChanged = false
        }
        machines = machines.filter { $0.value != Machine() }
        return changes
    }
}
