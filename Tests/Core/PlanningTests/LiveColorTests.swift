import Migration
import Operations
import Testing

@testable import Planning

@Suite("The live color")
struct LiveColorTests {
    private let rules = [TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])]

    @Test("is the one that has all the weight on every load balancer")
    func live() throws {
        let blue = SmallWorld.loadBalancer(blue: 100, green: 0)
        let green = SmallWorld.loadBalancer(blue: 0, green: 1)
        #expect(try liveColor(of: ["edge-1": blue, "edge-2": blue], rules) == .blue)
        #expect(try liveColor(of: ["edge-1": green], rules) == .green)
    }

    @Test("does not carry traffic with servers in maintenance or drain")
    func administration() throws {
        var state = SmallWorld.loadBalancer(blue: 100, green: 100)
        for administration in [ServerState.Administration.maint, .drain] {
            state.backends["be"]?.servers[1].administration = administration
            #expect(try liveColor(of: ["edge-1": state], rules) == .blue)
        }
    }

    @Test("is unknown when both carry traffic, on one load balancer or on two")
    func both() {
        let states: [[LoadBalancerID: LoadBalancerState]] = [
            ["edge-1": SmallWorld.loadBalancer(blue: 90, green: 10)],
            [
                "edge-1": SmallWorld.loadBalancer(blue: 100, green: 0),
                "edge-2": SmallWorld.loadBalancer(blue: 0, green: 100),
            ],
        ]
        for state in states {
            #expect { try liveColor(of: state, rules) } throws: {
                guard let failure = $0 as? Failure else { return false }
                return failure.kind == .refused && failure.summary.contains("Both colors")
                    && failure.details.contains { $0.contains("edge-1/be/blue-1") }
                    && failure.advice?.contains("rz resume") == true
            }
        }
    }

    @Test("is unknown when none carries traffic")
    func none() {
        #expect { try liveColor(of: ["edge-1": SmallWorld.loadBalancer(blue: 0, green: 0)], rules) } throws: {
            "\($0)".contains("No server of either color has weight")
        }
        let nowhere = #expect(throws: Failure.self) { try liveColor(of: [:], rules) }
        #expect(nowhere?.summary == "No server of either color has weight on any load balancer")
    }

    @Test("is unknown when a load balancer lacks the backend, which is named with those that it has")
    func missingBackend() {
        let states: [LoadBalancerID: LoadBalancerState] = [
            "edge-1": SmallWorld.loadBalancer(blue: 100, green: 0),
            "edge-2": SmallWorld.loadBalancer(blue: 100, green: 0, backend: "be_old"),
        ]
        #expect { try liveColor(of: states, rules) } throws: {
            "\($0)".contains("edge-2 has no backend be") && "\($0)".contains("it has: be_old")
        }
    }
}
