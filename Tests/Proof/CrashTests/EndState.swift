import Foundation
import JSON
import Migration
import SandboxTesting
import Transport

/// What stands in a sandbox, in words that don't depend on its ports, its folder, or which color is the new one.
struct EndState {
    /// For example `edge-1 be_web/new-agent-1`: `weight 100, administration 0`.
    var facts: [String: String] = [:]

    /// - Parameter old: the color that the move came from.
    static func observed(in sandbox: SandboxFixture, old: Color) async throws -> EndState {
        var state = EndState()
        let site = Site(sandbox: sandbox, old: old)
        try await state.addWeights(site)
        for color in Color.allCases { try await state.addServices(of: color, site) }
        let servers = try sandbox.servers.map(site.neutral).sorted()
        state.facts["servers"] = servers.joined(separator: " ")
        for color in Color.allCases {
            state.facts["terraform \(site.name(color))"] = site.neutral(try resources(of: color, sandbox))
        }
        state.facts["processes"] = try processes(of: sandbox)
        state.facts["tools that still run"] = Tools(of: sandbox).running.joined(separator: "; ")
        state.facts["data"] = try String(
            contentsOfFile: sandbox.home + "/sandbox/disks/db-data-0/ledger.jsonl", encoding: .utf8)
        return state
    }

    /// The run as its journal has it. What was measured last is another thing each time.
    mutating func addRun(_ status: JSON) {
        let steps = status["steps"]?.object?.map { "\($0.key) \($0.value["state"]?.string ?? "")" } ?? []
        let shares = ["intended", "verified"].map { status["traffic"]?[$0]?.string ?? "unknown" }
        facts["run"] =
            "\(status["status"]?.string ?? ""), at \(shares[0]), verified \(shares[1]), "
            + steps.joined(separator: ", ")
    }

    /// What differs; empty when nothing does.
    func differences(from wanted: EndState, only isMeant: (String) -> Bool = { _ in true }) -> [String] {
        Set(facts.keys).union(wanted.facts.keys).filter(isMeant).sorted().compactMap { key in
            let (is_, shall) = (facts[key], wanted.facts[key])
            return is_ == shall ? nil : "\(key): \(is_ ?? "nothing")\n      expected: \(shall ?? "nothing")"
        }
    }

    // MARK: - Looking

    /// A sandbox seen from one direction of the move.
    private struct Site {
        let sandbox: SandboxFixture
        let old: Color

        func name(_ color: Color) -> String { color == old ? "old" : "new" }

        func neutral(_ text: String) -> String {
            let (oldNet, newNet) = old == .blue ? ("127.0.11.", "127.0.12.") : ("127.0.12.", "127.0.11.")
            let block = String((try? sandbox.basePort / 100) ?? 0)
            return text.replacingOccurrences(of: old.rawValue, with: "old")
                .replacingOccurrences(of: old.other.rawValue, with: "new")
                .replacingOccurrences(of: oldNet, with: "old.").replacingOccurrences(of: newNet, with: "new.")
                .replacingOccurrences(of: sandbox.folder, with: "@")
                .replacing(try! Regex("\\b\(block)([0-9][0-9])\\b", as: (Substring, Substring).self)) {
                    "port \($0.output.1)"
                }
        }
    }

    private mutating func addWeights(_ site: Site) async throws {
        for edge in ["edge-1", "edge-2"] {
            let address = "unix:\(site.sandbox.home)/sandbox/haproxy/\(edge).sock"
            var up: [String: Int] = [:]
            for line in try await askHAProxy(address, "show servers state").split(separator: "\n") {
                let fields = line.split(separator: " ").map(String.init)
                guard fields.count > 7, Int(fields[0]) != nil else { continue }
                let server = site.neutral(fields[3])
                facts["\(edge) \(fields[1])/\(server)"] = "weight \(fields[7]), administration \(fields[6])"
                // On which servers its tasks are is the scheduler's choice.
                up["\(fields[1])/\(server.prefix(3))-*", default: 0] += fields[5] == "2" ? 1 : 0
            }
            for (servers, count) in up { facts["\(edge) \(servers)"] = "\(count) up" }
        }
    }

    private mutating func addServices(of color: Color, _ site: Site) async throws {
        let port = try site.sandbox.basePort + 10
        let url = "http://127.0.\(color == .blue ? 11 : 12).10:\(port)/v2"
        let name = site.name(color)
        let credentials = try site.sandbox.credentials
        guard
            let answer = try? await HTTPClient.shared.send(
                HTTPRequest(
                    .get, url + "/apps?embed=apps.counts&embed=apps.deployments", credentials: credentials,
                    retry: RetryPolicy.none))
        else {
            facts["services of \(name)"] = "no scheduler"
            return
        }
        for app in try JSON(parsing: answer.body)["apps"]?.array ?? [] {
            guard var definition = app.object, let id = app["id"]?.string else { continue }
            for key in ["version", "versionInfo", "lastTaskFailure"] { definition[key] = nil }
            facts["service \(id) of \(name)"] = site.neutral(JSON.object(definition).compact)
        }
        let launches = try site.sandbox.launches(on: color.rawValue).sorted { $0.key < $1.key }
        facts["launches in \(name)"] = launches.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let tasks = try await HTTPClient.shared.send(
            HTTPRequest(
                .get, url + "/tasks", headers: [HTTPHeader("Accept", "application/json")],
                credentials: credentials, retry: RetryPolicy.none))
        facts["tasks of \(name)"] = (try JSON(parsing: tasks.body)["tasks"]?.array ?? [])
            .compactMap { $0["id"]?.string }.sorted().joined(separator: " ")
    }

    private static func resources(of color: Color, _ sandbox: SandboxFixture) throws -> String {
        let path = "\(sandbox.home)/environments/sandbox/terraform/\(color)/terraform.tfstate"
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        let resources = try JSON(parsing: String(decoding: data, as: UTF8.self))["resources"]?.array ?? []
        return resources.map { resource in
            let instances = resource["instances"]?.array ?? []
            let keys = instances.map { ($0["index_key"]?.string ?? "") + ($0["status"]?.string ?? "") }
            return "\(resource["type"]?.string ?? "").\(resource["name"]?.string ?? "")[\(keys.joined(separator: " "))]"
        }.joined(separator: " ")
    }

    /// How many of each program run.
    private static func processes(of sandbox: SandboxFixture) throws -> String {
        let description = try String(contentsOfFile: sandbox.home + "/sandbox/sandbox.json", encoding: .utf8)
        let mark = "RZ_SANDBOX=\(try JSON(parsing: description)["id"]?.string ?? "?")"
        var counts: [String: Int] = [:]
        for pid in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(pid) != nil {
            guard let variables = FileManager.default.contents(atPath: "/proc/\(pid)/environ"),
                variables.split(separator: 0).contains(where: { String(decoding: $0, as: UTF8.self) == mark })
            else { continue }
            let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            let programs = ["haproxy", "scheduler", "service.py"]
            let program = programs.first { name in words.contains { $0.hasSuffix(name) } }
            counts[program ?? words.joined(separator: " "), default: 0] += 1
        }
        return counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }
}

/// Terraforms and playbooks that work on a sandbox.
struct Tools {
    let running: [String]

    init(of sandbox: SandboxFixture) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        running = names.compactMap { name in
            guard let pid = pid_t(name), let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
                return nil
            }
            let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            let isTool = words.prefix(2).contains { $0.hasSuffix("terraform") || $0.hasSuffix("ansible-playbook") }
            guard isTool, words.contains(where: { $0.contains(sandbox.folder) }) || isIn(sandbox, pid) else {
                return nil
            }
            return words.joined(separator: " ")
        }
        func isIn(_ sandbox: SandboxFixture, _ pid: pid_t) -> Bool {
            let folder = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")
            return folder?.hasPrefix(sandbox.folder) == true
        }
    }
}
