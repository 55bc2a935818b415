import Migration
import Operations

/// The full plan without what came later, as older files of plans have it.
extension FullPlan {
    /// The same as plans are read that knew weights only.
    static var withoutSwitches: Plan {
        var plan = withoutRegistration
        plan.environment.traffic.removeAll { $0.switching != nil }
        return plan
    }

    /// Without what steps give to each other, conditions, and what is done when the run has halted.
    static var withoutOutputs: Plan {
        var plan = plan
        plan.onHalt = []
        for index in plan.steps.indices {
            plan.steps[index].when = []
            switch plan.steps[index].action {
            case .exec(var work):
                work.outputs = nil
                plan.steps[index].action = .exec(work)
            case .http(var work):
                work.outputs = nil
                plan.steps[index].action = .http(work)
            default: break
            }
        }
        return plan
    }

    /// Without roles, signatures and drills, and with programs that nothing takes back.
    static var withoutApprovers: Plan {
        var plan = withoutOutputs
        plan.environment.approvers = nil
        plan.environment.approvals[.soak] = nil
        plan.environment.drillEvery = nil
        for index in plan.environment.gates.cutOver.steps.indices {
            plan.environment.gates.cutOver.steps[index].pause?.terms = nil
        }
        for index in plan.environment.policies?.reports.indices ?? 0..<0 {
            guard case .program(let words, _)? = plan.environment.policies?.reports[index].origin else { continue }
            plan.environment.policies?.reports[index].origin = .program(words)
        }
        plan.steps.removeAll { $0.action == signedApproval }
        for index in plan.steps.indices {
            guard case .exec(var work) = plan.steps[index].action else { continue }
            work.undo = nil
            plan.steps[index].action = .exec(work)
        }
        return plan
    }

    /// Without policies for definitions of services, and without change windows.
    static var withoutPolicies: Plan {
        var plan = withoutApprovers
        plan.environment.policies = nil
        plan.environment.limits.windows = nil
        plan.steps.removeAll { $0.action == .window }
        return plan
    }

    /// Without peaks that a Prometheus reports, and without limits of who waits.
    static var withoutPeaks: Plan {
        var plan = withoutPolicies
        plan.environment.limits.peaks = nil
        plan.environment.gates.cutOver.analysis = plan.environment.gates.cutOver.analysis.map { analysis in
            guard case .loadBalancers(var limits) = analysis else { return analysis }
            limits.queue = nil
            return .loadBalancers(limits)
        }
        return plan
    }

    /// Without limits of error classes.
    static var withoutClasses: Plan {
        var plan = withoutPeaks
        plan.environment.gates.cutOver.analysis.removeAll { analysis in
            if case .loadBalancers(let limits) = analysis { limits.classes != nil } else { false }
        }
        return plan
    }

    /// Without pauses of the cutover, without load balancers of AWS, and with services of which rz keeps what it saw.
    static var withoutPauses: Plan {
        var plan = withoutClasses
        plan.environment.loadBalancers.removeAll { if case .alb = $0.kind { true } else { false } }
        plan.environment.services.keep = nil
        for index in plan.environment.gates.cutOver.steps.indices {
            plan.environment.gates.cutOver.steps[index].pause = nil
        }
        return plan
    }

    /// Without an old color that does not answer.
    static var withAnswers: Plan {
        var plan = withoutPauses
        plan.unreachable = nil
        return plan
    }

    /// Without limits of the cutover.
    static var withoutLimits: Plan {
        var plan = withAnswers
        plan.lifted = []
        plan.environment.limits = Limits(minHealthy: 2, launches: 4, returnFor: .minutes(5))
        return plan
    }

    /// Without servers that runs put into backends, and without Traefik.
    static var withoutRegistration: Plan {
        var plan = withoutPrometheus
        plan.environment.traffic.removeAll { $0.registration != nil }
        plan.environment.loadBalancers = plan.environment.loadBalancers.compactMap { balancer in
            switch balancer.kind {
            case .traefik, .alb: return nil
            case .haproxy(var haproxy):
                haproxy.configuration = nil
                haproxy.withoutConfiguration = nil
                return LoadBalancerAddress(name: balancer.name, .haproxy(haproxy))
            }
        }
        return plan
    }

    /// Without questions to a Prometheus, and headers of probes.
    static var withoutPrometheus: Plan {
        var plan = withoutLimits
        plan.environment.gates.cutOver.analysis.removeAll { if case .prometheus = $0 { true } else { false } }
        plan.environment.gates.service.probes.removeAll { probe in
            switch probe.kind {
            case .prometheus: true
            case .http(_, _, _, let headers): !headers.isEmpty
            default: false
            }
        }
        return plan
    }

    /// Without what plans got beside what a run takes back.
    static var withoutDrift: Plan {
        var plan = withoutSwitches
        plan.drifts = []
        plan.provisioning.servers = nil
        plan.world.services = plan.world.services.mapValues {
            WorldService(fingerprint: $0.fingerprint, instances: $0.instances)
        }
        return plan
    }

    /// The same as plans are read that did not say yet which color a step acts on.
    static var older: Plan {
        var plan = withoutDrift
        for index in plan.steps.indices {
            let of: [StepKind: Color] = [
                "buildServers": .green, "configure": .green, "awaitPlatform": .green, "launch": .green,
                "awaitServices": .green, "readyTraffic": .green, "shift": .green, "handOver": .green, "drain": .blue,
                "soak": .blue, "stopServices": .blue, "destroyServers": .blue,
            ]
            plan.steps[index].color = plan.steps[index].action.kind.flatMap { of[$0] }
        }
        plan.environment.provision.terraform?.structured = nil
        plan.environment.provision.terraform?.backend = nil
        plan.environment.provision.terraform?.inventory = nil
        return plan
    }
}
