import Migration
import Operations
import Testing

/// Words that plans, events and answers have on the wire. They stay what they are: old journals hold them.
@Suite("A word on the wire")
struct WordTests {
    @Test("is what it was, whatever its case is called in Swift")
    func words() {
        #expect(Color.allCases.map(\.rawValue) == ["blue", "green"])
        #expect(
            [Phase].rzUpdate.map(\.id).map(\.rawValue) == [
                "preflight", "standUp", "configure", "platformGate", "replicate", "serviceGate", "cutOver", "drain",
                "soak", "tearDown",
            ])
        #expect(ServiceMode.allCases.map(\.rawValue) == ["parallel", "exclusive", "scheduled", "manual", "skip"])
        #expect(OnFailure.allCases.map(\.rawValue) == ["halt", "rollback", "continue"])
        #expect(ExecWork.Affects.allCases.map(\.rawValue) == ["nothing", "new", "old"])
        #expect([Reversibility.free, .costly, .none].map(\.rawValue) == ["free", "costly", "none"])
        #expect(DrainPolicy.AtDeadline.allCases.map(\.rawValue) == ["hold", "rollback", "force"])
        #expect(TrafficRule.Persistence.allCases.map(\.rawValue) == ["leave", "cut", "wait"])
        #expect(Configure.HostAddress.allCases.map(\.rawValue) == ["always", "whenNeeded", "never"])
        #expect(Analysis.WhenIdle.allCases.map(\.rawValue) == ["hold", "ignore"])
        #expect(Probe.Redis.Role.allCases.map(\.rawValue) == ["primary", "replica"])
        #expect(DeclaredService.Mover.allCases.map(\.rawValue) == ["playbook", "hand"])
        #expect(
            Finding.Kind.allCases.map(\.rawValue) == [
                "constraint", "role", "hostPath", "singleAttachVolume", "persistentVolume", "secret", "localFile",
                "network", "oldAddress", "zooKeeper", "mesosName", "fixedPort", "framework", "deployment", "drift",
                "refused", "mode", "image", "misread", "unproven", "task",
            ])
        #expect(
            [Failure.Kind.transient, .permanent, .unknownEffect, .cancelled, .refused].map(\.rawValue) == [
                "transient", "permanent", "unknownEffect", "cancelled", "refused",
            ])
        #expect([Verdict.pass, .fail, .inconclusive].map(\.rawValue) == ["pass", "fail", "inconclusive"])
        #expect([ServerState.Administration.ready, .drain, .maint].map(\.rawValue) == ["ready", "drain", "maint"])
    }
}
