import Foundation
import FreePorts
import SandboxTesting
import Testing

@Suite("A proxy that the environment's variables name")
struct ProxyTests {
    @Test("is asked for nothing, be it for this host; the doctor says that it is ignored, and which one holds")
    func ignored() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "rz-proxy-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (marathon, proxy) = (try FreePorts.claim(), try FreePorts.claim())
        try write(environment(marathon), "environments/shop/environment.yaml", folder)
        let runbook = Program.checkout.appending(path: "runbooks/rz-update.yaml")
        try write(String(contentsOf: runbook, encoding: .utf8), "runbooks/rz-update.yaml", folder)

        // Nothing listens at either port: whom rz asked, the failure says.
        let variables = [
            "RZ_ROOT": folder, "RZ_HOME": folder + "/home", "http_proxy": "http://127.0.0.1:\(proxy)",
            "ALL_PROXY": "http://127.0.0.1:\(proxy)", "no_proxy": "",
        ]
        let doctor = try await Program(["doctor", "shop"], variables: variables, folder: folder).end()
        let blue = doctor.output.split(separator: "\n").filter { $0.contains(" blue ") }.joined(separator: "\n")
        #expect(blue.contains("port \(marathon)"), "\(doctor.all)")
        #expect(!blue.contains("port \(proxy)"), "\(doctor.all)")
        #expect(doctor.output.contains("ALL_PROXY, http_proxy: rz ignores what is set"), "\(doctor.all)")
        #expect(doctor.output.contains("none: rz calls every server itself"), "\(doctor.all)")
    }

    private func environment(_ marathon: Int) -> String {
        """
        apiVersion: rz/v1
        name: shop
        provision:
          static:
            servers:
              blue: { control: [ { name: b-1, address: 127.0.0.1 } ] }
              green: { control: [ { name: g-1, address: 127.0.0.1 } ] }
        services: { sources: [ { marathon: { url: "http://{{ control[0].address }}:\(marathon)" } } ] }
        loadBalancers: [ { name: e, haproxy: { socket: "unix:/nowhere" } } ]
        traffic: [ { backend: b, servers: { blue: "b-*", green: "g-*" } } ]
        approvals: { tearDown: { waived: a test } }
        """
    }

    private func write(_ text: String, _ path: String, _ folder: String) throws {
        let file = URL(filePath: folder).appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }
}
