import Foundation

/// What the lab's programs are told.
extension Lab {
    func configuration(of edge: String) -> String {
        let index = design.edges.firstIndex(of: edge) ?? 0
        let backends = design.services.map { service in
            (["backend be_\(service)"] + design.backend + serverLines(edge, service)).joined(separator: "\n    ")
        }
        let routing =
            design.mode == "http"
            ? "use_backend be_%[path,field(2,/)] if { path_beg \(paths) }\n    default_backend be_\(design.services[0])"
            : "default_backend be_\(design.services[0])"
        return """
            global
                master-worker
                maxconn 2000
                nbthread 1
                close-spread-time 500ms
                stats socket unix@\(socket(of: edge)) mode 600 level admin expose-fd listeners
                stats timeout 30s
                server-state-file \(stateFile(of: edge))
                \(design.hasPeers ? "localpeer \(edge)" : "")
                \(design.global.joined(separator: "\n    "))

            \(peersSection)

            defaults
                mode \(design.mode)
                maxconn 1500
                timeout connect 1s
                timeout client 30s
                timeout server \(design.serverTimeout)
                timeout queue 2s
                timeout check 1s
                retries 3
                option redispatch 1
                balance roundrobin
                option httpchk GET /health
                http-check expect status 200
                default-server \(design.check)
                load-server-state-from-file global
                \(design.defaults.joined(separator: "\n    "))

            frontend users
                bind 127.0.10.\(index + 1):\(ports.users)
                \(design.mode == "http" ? epochLine(of: edge) : "")
                \(routing)

            \(epochSection(of: edge))

            \(backends.joined(separator: "\n\n"))

            \(design.sections.joined(separator: "\n\n"))

            """
    }

    private var peersSection: String {
        guard design.hasPeers else { return "" }
        let peers = design.edges.enumerated().map { "    peer \($1) 127.0.10.\($0 + 1):\(ports.epoch)" }
        return (["peers lab"] + peers).joined(separator: "\n")
    }

    private var paths: String { design.services.map { "/\($0)" }.joined(separator: " ") }

    /// Only a map that some rule reads can be written at run time.
    private func epochLine(of edge: String) -> String {
        "http-request set-var(txn.epoch) str(epoch),map_str(\(epochMap(of: edge)),0)"
    }

    private func epochSection(of edge: String) -> String {
        guard design.mode != "http" else { return "" }
        return """
            frontend epoch
                mode http
                bind 127.0.10.\((design.edges.firstIndex(of: edge) ?? 0) + 1):\(ports.epoch)
                \(epochLine(of: edge))
                http-request return status 200
            """
    }

    private func serverLines(_ edge: String, _ service: String) -> [String] {
        ["blue", "green"].flatMap { color in
            (1...design.serversPerColor).compactMap { number in
                var line = LabDesign.ServerLine(
                    edge: edge, service: service, color: color, number: number, name: "\(color)-\(number)",
                    address: "\(address(color, number)):\(ports.services[service] ?? 0)",
                    options: "weight \(color == "blue" ? 100 : 0)")
                design.change(&line)
                return line.isListed ? "server \(line.name) \(line.address) \(line.options)" : nil
            }
        }
    }

    func address(_ color: String, _ number: Int) -> String { "127.0.\(color == "blue" ? 11 : 12).\(number)" }

    // MARK: - rz

    private var loadBalancerLines: [String] {
        var lines: [String] = []
        for edge in design.edges {
            lines += ["  - name: \(edge)", "    haproxy:", "      socket: \"unix:\(socket(of: edge))\""]
            if design.hasStateFile { lines.append("      stateFile: \"\(stateFile(of: edge))\"") }
            if design.hasEpochMap { lines.append("      epochMap: \"\(epochMap(of: edge))\"") }
            if design.hasMasterSocket, Lab.knowsMasterSockets {
                lines.append("      master: \"unix:\(masterSocket(of: edge))\"")
            }
            for line in design.loadBalancer { lines.append("      " + line) }
        }
        return lines
    }

    private var ruleLines: [String] {
        var lines: [String] = []
        for service in design.services {
            lines += ["  - backend: be_\(service)", "    servers: { blue: \"blue-*\", green: \"green-*\" }"]
            for line in design.rule { lines.append("    " + line) }
        }
        return lines
    }

    private func inventory(of color: String) -> String {
        let servers = (1...design.serversPerColor).map { number in
            "{ name: \(color)-\(number), address: \(address(color, number)) }"
        }
        let control =
            "{ name: \(color)-control, address: \(address(color, 200)), marathon: \"\(ports.marathon)\" }"
        return """
                  \(color):
                    control: [ \(control) ]
                    agent: [ \(servers.joined(separator: ", ")) ]
            """
    }

    var environmentYAML: String {
        """
        apiVersion: rz/v1
        name: lab
        runbook: lab
        git: { requireClean: false }
        provision:
          static:
            servers:
        \(inventory(of: "blue"))
        \(inventory(of: "green"))
        services:
          sources:
            - marathon: { url: "http://{{ control[0].address }}:{{ control[0].marathon }}", group: / }
        loadBalancers:
        \(loadBalancerLines.joined(separator: "\n"))
        traffic:
        \(ruleLines.joined(separator: "\n"))
        gates:
          service: { healthy: { for: 300ms } }
          cutOver:
            interval: \(design.interval)
            steps: [ \(design.steps) ]
            analysis: [ { haproxy: { \(design.analysis) } } ]
        drain: { \(design.drain) }
        soak: \(design.soak)
        approvals: { \(design.approvals) }
        \(design.environment.joined(separator: "\n"))

        """
    }

    /// As the shipped runbook; blue's servers are gone after tearDown, as after a `destroy`.
    var runbookYAML: String {
        """
        apiVersion: rz/v1
        name: lab
        phases:
          preflight: { steps: [ { id: checks, use: checks, timeout: 1m } ] }
          standUp:
            steps:
              - { id: disks, use: disks, timeout: 1m }
              - { id: servers, use: servers, timeout: 1m }
          configure: { steps: [ { id: site, use: configuration, timeout: 1m } ] }
          platformGate: { steps: [ { id: platform, use: platform, timeout: 1m } ] }
          replicate: { steps: [ { id: launch, use: launch, timeout: 1m } ] }
          serviceGate: { steps: [ { id: health, use: health, timeout: 1m } ] }
          cutOver:
            steps:
              - { id: ready, use: ready, timeout: 10s, retries: 1 }
              - { id: shift, use: shift, timeout: 30s }
              - { id: handOver, use: handOver, timeout: 1m }
          drain: { steps: [ { id: drain, use: drain, timeout: 30s } ] }
          soak: { steps: [ { id: soak, use: soak, timeout: 1m } ] }
          tearDown:
            steps:
              - { id: stop, use: stop, timeout: 1m }
              - id: power-off
                http: { method: POST, url: "\(control("*/blue-*", "dead"))", affects: old }
                timeout: 10s
              - { id: destroy, use: destroy, timeout: 1m }

        """
    }

    func control(_ servers: String, _ mode: String) -> String {
        "http://127.0.0.1:\(ports.control)/set?who=\(servers)&mode=\(mode)"
    }

    /// Where each server listens.
    var serversJSON: String {
        var servers: [String] = []
        for service in design.services {
            let port = ports.services[service] ?? 0
            for color in ["blue", "green"] {
                for number in 1...design.serversPerColor {
                    servers.append("\"\(service)/\(color)-\(number)\":[\"\(address(color, number))\",\(port)]")
                }
            }
        }
        return "{\(servers.joined(separator: ","))}"
    }

    /// Configuration of a color's sandbox scheduler.
    func schedulerJSON(_ color: String) -> String {
        """
        {"address": "\(address(color, 200))", "port": \(ports.marathon), "color": "\(color)",
         "stateFile": "\(folder)/\(color)-state.json", "serversDirectory": "\(folder)/agents",
         "log": "\(folder)/\(color)-scheduler.jsonl"}
        """
    }
}
