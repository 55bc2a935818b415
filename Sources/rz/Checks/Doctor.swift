import FoundationEssentials
import Migration
import Runbooks
import Transport

/// Looks at all that a run will need, side by side, and goes on to the next thing whatever is wrong with one.
struct Doctor: Sendable {
    /// Its name; nil to look at this host only.
    let environment: String?
    /// The project's folder; nil searches upward.
    let root: String?

    func results() async -> [CheckResult] {
        guard let environment else { return await ofHost(nil, nil) }
        return await ofEnvironment(environment)
    }

    private func ofHost(_ environment: Migration.Environment?, _ checkout: String?) async -> [CheckResult] {
        let checkout = checkout ?? (try? ProjectFolder(root: root))?.root
        let checks =
            ToolChecks(checkout: checkout, environment: environment).checks
            + [HomeChecks(environment: self.environment).check]
        return await checks.results() + Doctor.proxyVariables()
    }

    /// Everything, side by side, as far as the files can be read.
    private func ofEnvironment(_ name: String) async -> [CheckResult] {
        let folder: ProjectFolder
        let inspection: ProjectFolder.Inspection
        do {
            folder = try Project.projectFolder(for: name, root: root, Places())
            inspection = try folder.inspect(name)
        } catch {
            return await ofHost(nil, nil)
                + [CheckResult(name, Failure(error, doing: "The environment can't be read"))]
                + skipped("the environment can't be read")
        }
        async let host = ofHost(inspection.environment, folder.root)
        var results =
            inspection.problems.map { CheckResult(.problem, name, $0.description, advice: "Correct the file.") }
            + inspection.failures.map { CheckResult(name, $0) }
        if inspection.isValid { results.append(CheckResult(.ok, name, "environment and runbook are valid")) }
        guard let environment = inspection.environment else {
            return await host + results + skipped("environment.yaml has errors")
        }
        let files = FileChecks(
            folder: folder, environment: environment, runbook: inspection.runbook, runsProject: true)
        let filesCheck = Check("files", within: .seconds(60)) { await Doctor.ofFiles(files) }
        async let ofFiles = filesCheck.results()
        let places: Places
        do throws(Failure) { places = try Places.trusted() } catch {
            // The home's own line says why.
            return await host + results + ofFiles + skipped("rz's home can't be trusted")
        }
        do throws(Failure) {
            let checks = try EnvironmentChecks(environment, inspection.runbook, folder, places)
            async let own = [checks.ofCheckout, checks.ofSecrets, checks.ofTLSFiles].results()
            // What is left to fill in leads to no one, or to someone else.
            guard files.fillIns().isEmpty else {
                return await host + results + ofFiles + own
                    + skipped("not everything is filled in", ["load balancers", "servers and frameworks"])
            }
            let (outside, inventories) = await ofOutside(checks)
            return await host + results + ofFiles + own + outside
                + remarks(environment, inspection.runbook, inventories)
        } catch {
            return await host + results + ofFiles + [CheckResult(name, error)] + skipped("of the above")
        }
    }

    private static func ofFiles(_ files: FileChecks) async -> [CheckResult] {
        let problems = await files.problems()
        let places = files.fillIns().map {
            CheckResult(
                .problem, "to fill in", "\($0)", advice: "Then remove the mark `# FILL IN: …`.")
        }
        let isFine = !problems.contains { $0.verdict == .problem }
        return (isFine ? [CheckResult(.ok, "files", "all files that the environment names are there")] : []) + problems
            + places
    }

    private func ofOutside(_ checks: EnvironmentChecks) async -> (results: [CheckResult], inventories: [Inventory]) {
        async let balancers = checks.observeLoadBalancers()
        let servers = await checks.observeServers()
        let (states, ofBalancers) = await balancers
        let inventories = servers.compactMapValues(\.servers)
        let traffic = await checks.traffic(states, inventories)
        let later = Color.allCases.map { color in
            checks.checks(of: color, servers[color]?.servers, live: traffic.live)
        }
        var rest = await later.flatMap { $0 }.resultsByCheck()[...]
        var results = ofBalancers + traffic.results
        for (color, own) in zip(Color.allCases, later) {
            results += (servers[color]?.results ?? []) + rest.prefix(own.count).flatMap { $0 }
            rest = rest.dropFirst(own.count)
        }
        return (results, Array(inventories.values))
    }

    private func skipped(
        _ reason: String, _ subjects: [String] = ["secrets", "load balancers", "servers and frameworks"]
    ) -> [CheckResult] {
        subjects.map {
            CheckResult(.skipped, $0, "because \(reason)")
        }
    }

    // MARK: - What a person should know

    /// What other programs take a proxy from, and rz doesn't.
    private static func proxyVariables() -> [CheckResult] {
        let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
        let set = ProcessInfo.processInfo.environment.filter {
            names.contains($0.key.uppercased()) && !$0.value.isEmpty
        }
        guard !set.isEmpty else { return [] }
        return [
            CheckResult(
                .note, "proxy",
                "\(set.keys.sorted().joined(separator: ", ")): rz ignores what is set, Terraform and Ansible use it; "
                    + "rz's own calls take `proxy` of environment.yaml")
        ]
    }

    /// Which proxy holds for rz's own calls. What its URL refers to is not shown.
    private func proxy(_ rules: ProxyRules?) -> CheckResult {
        guard let rules else { return CheckResult(.ok, "proxy", "none: rz calls every server itself") }
        let rest = (rules.except ?? []).map { ", " + $0 }.joined()
        return CheckResult(
            .ok, "proxy",
            "\(HTTPRequest(.get, rules.url.text).shownURL), not for this host, servers of the inventory\(rest)")
    }

    private func remarks(
        _ environment: Migration.Environment, _ runbook: Runbook?, _ inventories: [Inventory]
    ) -> [CheckResult] {
        let inventories = [Inventory()] + inventories
        let clear = environment.clearPlaces(inventories) + (runbook?.clearPlaces(inventories) ?? [])
        let insecure = environment.insecurePlaces + (runbook?.insecurePlaces ?? [])
        let visible = environment.visibleArguments + (runbook?.visibleArguments ?? [])
        return insecure.map { CheckResult(.note, "TLS", $0) } + [proxy(environment.proxy)]
            + clear.map { CheckResult(.note, "network", $0) } + visible.map { CheckResult(.note, "arguments", $0) }
    }
}
