import Foundation
import Migration
import Runbooks
import Testing

/// A project folder of its own for one test, removed when the test is over.
final class Project {
    let root: String
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "rz-runbooks-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "environments"), withIntermediateDirectories: true)
        root = folder.path
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

    func write(_ bytes: [UInt8], to path: String) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    var projectFolder: ProjectFolder { get throws { try ProjectFolder(root: root) } }

    func environment(_ text: String) throws -> Environment {
        try write(text, to: "environments/shop/environment.yaml")
        return try projectFolder.environment("shop")
    }

    func runbook(_ text: String) throws -> Runbook {
        try write(text, to: "runbooks/rz-update.yaml")
        return try projectFolder.runbook("rz-update")
    }

    /// What is wrong with an environment, one line each, without the path of the file.
    static func problems(environment text: String) throws -> [String] {
        try problems { try $0.environment(text) }
    }

    static func problems(runbook text: String) throws -> [String] { try problems { try $0.runbook(text) } }

    private static func problems(_ read: (Project) throws -> Any) throws -> [String] {
        do {
            _ = try read(Project())
            return []
        } catch let error as ConfigurationError {
            return error.problems.map { problem in
                #expect(!problem.file.hasPrefix("/"))
                return problem.description.replacingOccurrences(of: problem.file + ":", with: "")
            }
        }
    }
}

/// The checkout that the tests run in.
let checkout = URL(filePath: #filePath).appending(path: "../../../../..").standardized

func shipped(_ path: String) throws -> String {
    try String(contentsOf: checkout.appending(path: path), encoding: .utf8)
}

extension String {
    /// The text with one place changed, which must be there exactly once.
    func changing(_ old: String, to new: String, _ location: SourceLocation = #_sourceLocation) -> String {
        #expect(components(separatedBy: old).count == 2, "\(old) must be there once", sourceLocation: location)
        return replacingOccurrences(of: old, with: new)
    }
}

enum Sample {
    /// A valid environment with the fewest keys.
    static let environment = """
        apiVersion: rz/v1
        name: shop
        provision:
          terraform: { root: terraform/servers }
        services:
          sources:
            - marathon: { url: "http://{{ control[0].address }}:8080" }
        loadBalancers:
          - name: edge-1
            haproxy: { socket: "unix:/run/haproxy/admin.sock" }
        traffic:
          - backend: be_shop
            servers: { blue: "blue-*", green: "green-*" }

        """

    /// A valid environment with every key that this version knows.
    static let wholeEnvironment = """
        apiVersion: rz/v1
        name: shop
        runbook: rz-update
        git: { requireClean: false, requireSigned: true }
        provision:
          terraform:
            root: terraform/servers
            disks: terraform/disks
            variables: { region: fra1, count: 3, spare: "" }
            colors: { blue: { image: debian-12.7 }, green: { image: debian-12.11 } }
          static:
            command: [./servers, "${rz:home}"]
            servers: { blue: { control: [ { name: b1, address: 10.0.0.1, marathon: 8080 } ] } }
        configure:
          ansible: { playbook: ansible/site.yaml, idempotenceCheck: false, variables: { ntp: "${env:NTP}" } }
        platform:
          mesos: { master: "http://{{ control[0].address }}:5050", agents: { atLeast: 3 } }
        services:
          sources:
            - marathon: { url: "http://{{ control[0].address }}:8080", group: /shop, user: rz, password: "${file:pw}" }
            - declared:
                - name: kubernetes
                  by: playbook
                  how: the role mesos-m3s of site.yaml
                  tasks: [ "m3s/*" ]
                  probe: { tcp: { address: "{{ control[0].address }}:6443" } }
          ignore: [ /infra/marathon-lb ]
          keep: false
          overrides:
            - { match: /shop/cart, set: { env.CACHE_HOST: "{{ cache[0].address }}" }, remove: [ env.OLD ] }
            - { match: { label: tier=web=1 }, set: { cpus: 0.5 } }
            - { match: /shop/db, mode: manual }
            - { match: "*", accept: { mesosName: "each color has its own", hostPath: "the same NFS" } }
        loadBalancers:
          - name: edge-1
            haproxy: { socket: "unix:/run/haproxy/admin.sock", stateFile: /var/lib/state, epochMap: /etc/epoch.map }
          - name: edge-2
            haproxy:
              socket: "tcp:10.0.0.3:9999"
              stateFile: { none: "nobody reloads it" }
              master: "unix:/run/master.sock"
              hardStopAfter: 30m
        traffic:
          - backend: be_shop
            servers: { blue: "blue-*", green: "green-*" }
            persistence: cut
            addresses: { any: "a CDN" }
        ignoreBackends: [ { backend: "be_old_*", reason: "switched off in March" } ]
        gates:
          platform:
            probes:
              - zookeeper: { servers: [ "{{ control[0].address }}:2181", "{{ control[1].address }}:2181" ] }
                timeout: 5s
              - redis: { address: "{{ control[0].address }}:6379", password: "${file:pw}", role: replica }
              - redis: { address: "{{ cache[0].address }}:6379", persistence: { none: "a cache" } }
              - vault: { url: "http://{{ control[0].address }}:8200" }
            passes: 2
          service:
            healthy: { for: 5s }
            probes:
              - { http: { url: "http://{{ control[0].address }}:1", path: /health, expect: 204 }, timeout: 1s }
              - { tcp: { address: "{{ cache[0].address }}:6379" } }
              - { command: [ bin/check, --fast ] }
              - mesosDNS: { server: "{{ control[0].address }}:61053", name: leader.mesos, addresses: { any: "a VIP" } }
              - traefik:
                  url: "http://{{ agent[0].address }}:9000"
                  user: rz
                  password: "${file:pw}"
                  ignore: [ { router: "old@mesos", reason: "switched off in March" } ]
            passes: 4
          cutOver:
            steps: [ { share: 1%, bake: 1m }, { share: 12.5%, bake: 90s }, { share: 100%, bake: 0s } ]
            analysis:
              - haproxy:
                  errorRate: { max: 0.1% }
                  responseTime: { maxRatioToLive: 1.2 }
                  minRequests: 50
                  whenIdle: ignore
            interval: 500ms
        drain: { quiet: 10s, deadline: 1h30m, atDeadline: rollback }
        soak: 20m
        approvals: { cutOver: 1, tearDown: { waived: nobody is awake } }
        limits:
          minHealthy: 80%
          maxStep: 12.5%
          headroom: 1.3
          peaks:
            - name: last hour
              url: "https://prometheus.example.org"
              query: 'max_over_time(haproxy_backend_current_sessions{proxy="{{ backend }}"}[1h])'
              series: 'haproxy_backend_current_sessions{proxy="{{ backend }}"}'
              tls: { serverName: prometheus }
            - { unit: rate, backend: be_shop, name: rate, url: "http://p", query: a, series: b, maxAge: 5s, timeout: 1s }
          flipWithin: 10s
          launches: 16
          returnFor: 30m

        """

    static let runbook = """
        apiVersion: rz/v1
        name: rz-update
        phases:
          preflight:
            steps:
              - { id: checks, use: checks, timeout: 2m }
          standUp:
            steps:
              - { id: disks, use: disks, timeout: 15m }
              - { id: servers, use: servers, timeout: 60m }
          configure:
            steps:
              - { id: site, use: configuration, timeout: 60m }
          platformGate:
            steps:
              - { id: platform, use: platform, timeout: 10m }
          replicate:
            steps:
              - { id: launch, use: launch, timeout: 15m }
          serviceGate:
            steps:
              - { id: health, use: health, timeout: 15m }
          cutOver:
            steps:
              - { id: ready, use: ready, timeout: 5m }
              - { id: shift, use: shift, timeout: 15m }
              - { id: handOver, use: handOver, timeout: 60m }
          drain:
            steps:
              - { id: drain, use: drain, timeout: 5m }
          soak:
            steps:
              - { id: soak, use: soak, timeout: 5m }
          tearDown:
            steps:
              - { id: stop, use: stop, timeout: 15m }
              - { id: destroy, use: destroy, timeout: 60m }

        """

    /// Every kind of step that operators may add, and every key of a step; not a runbook that could run.
    static let operatorsRunbook = """
        apiVersion: rz/v1
        name: rz-update
        description: Steps of every kind.
        phases:
          preflight:
            onFailure: rollback
            steps:
              - { id: checks, use: checks, timeout: 2m, retries: 3 }
              - id: smoke
                exec: { command: [ bin/smoke, "8080" ], variables: { A: "", B: 1 }, affects: new }
                timeout: 1m
                onFailure: continue
                needs: []
              - { id: ask, approval: { count: 2, reason: Shall we? }, timeout: 8h, needs: [ checks, smoke ] }
              - id: tell
                http: { method: POST, url: "https://a/b", headers: { X: y }, body: "{}", expect: 204, affects: old }
                timeout: 5s
              - { id: pause, wait: 30s }
          tearDown: { steps: [ { id: destroy, use: destroy, timeout: 1m } ] }

        """
}
