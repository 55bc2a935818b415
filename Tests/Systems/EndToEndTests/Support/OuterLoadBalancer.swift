import Foundation
import SandboxTesting

extension SandboxFixture {
    /// Adds `edge-3`, a load balancer in front of the web servers beside the HAProxies, and moves the web service's users on
    /// it, too.
    ///
    /// - Parameters:
    ///   - backend: as it calls them.
    ///   - lines: what the environment says of it below its name.
    func addOuterLoadBalancer(backend: String, _ lines: String) throws {
        let text = try String(contentsOfFile: environmentFile, encoding: .utf8).replacingOccurrences(
            of: "    servers: { blue: \"blue-*\", green: \"green-*\" }\n",
            with: "    loadBalancers: [edge-1, edge-2]\n    servers: { blue: \"blue-*\", green: \"green-*\" }\n")
        try text.write(toFile: environmentFile, atomically: true, encoding: .utf8)
        let indented = lines.split(separator: "\n").map { "    \($0)\n" }.joined()
        try edit(
            environmentFile, replacing: "\ntraffic:\n",
            with: """
                  - name: edge-3
                \(indented)
                traffic:
                  - backend: \(backend)
                    loadBalancers: [edge-3]
                    servers: { blue: "web-blue/*", green: "web-green/*" }

                """)
    }
}
