import ALBTesting
import Foundation
import SandboxTesting

/// An Application Load Balancer in front of a sandbox's web servers, beside its HAProxies: moto's API, and what serves
/// users by it.
struct OuterALB {
    private let folder: String

    init(_ sandbox: SandboxFixture) { folder = sandbox.folder + "/alb" }

    /// Adds it to the environment, and moves the web service's users on it, too. Where it is stands in files: its ARNs are
    /// known once it was built.
    func add(to sandbox: SandboxFixture) throws {
        try sandbox.addOuterLoadBalancer(
            backend: "web",
            """
            alb:
              region: eu-central-1
              rules: { web: "${file:\(folder)/rule}" }
              accessKey: "${file:\(folder)/access}"
              secretKey: "${file:\(folder)/secret}"
              sessionToken: "${file:\(folder)/token}"
              endpoint: "${file:\(folder)/endpoint}"
            """)
    }

    /// What a Prometheus would judge is judged by no one here.
    func addWithoutAnalysis(to sandbox: SandboxFixture) throws {
        try add(to: sandbox)
        try sandbox.edit(
            sandbox.environmentFile, replacing: "      - loadBalancers: { errorRate: { max: 1% }, whenIdle: ignore }",
            with: "      []")
    }

    static let token = "a-token/of+a=session"

    func start(_ sandbox: SandboxFixture) async throws -> StandInALB {
        let port = try sandbox.basePort + 20
        func targets(_ net: Int) -> [String] { (21...23).map { "127.0.\(net).\($0):\(port)" } }
        let alb = try await StandInALB(
            [.init("web-blue", targets(11), weight: 100), .init("web-green", targets(12), weight: 0)], path: "/health",
            token: OuterALB.token)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (name, text) in [
            "rule": alb.rule, "access": StandInALB.accessKey, "secret": StandInALB.secretKey, "token": OuterALB.token,
            "endpoint": alb.endpoint,
        ] {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        return alb
    }
}
