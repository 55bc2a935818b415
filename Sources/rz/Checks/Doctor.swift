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
        let files = FileChecks(folder: folder, environment: environment, runbook: inspection.runbook)
        let filesCheck = Check("files", within: .seconds(60)) { await Doctor.ofFiles(files) }
        let checks: EnvironmentChecks
        do {
            checks = try EnvironmentChecks(environment, inspection.runbook, folder, try Places.trusted())
        } catch {
            results += await filesCheck.results()
            // Of the home it is said already.
            return await host + results + skipped("rz's home can't be used")
        }
        let checksOfItself = [filesCheck, checks.ofCheckout, checks.ofSecrets, checks.ofTLSFiles]
        async let first = (checksOfItself + checks.ofLoadBalancers).results()
        let (servers, inventories) = await ofServers(checks)
        return await host + results + first + servers + remarks(environment, inspection.runbook, inventories)
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

    private func ofServers(_ checks: EnvironmentChecks) async -> (results: [CheckResult], inventories: [Inventory]) {
        let servers = await checks.observeServers()
        let later = Color.allCases.map { checks.checks(of: $0, servers[$0]?.servers) }
        var rest = await later.flatMap { $0 }.resultsByCheck()[...]
        var results: [CheckResult] = []
        for (color, own) in zip(Color.allCases, later) {
            results += (servers[color]?.results ?? []) + rest.prefix(own.count).flatMap { $0 }
            rest = rest.dropFirst(own.count)
        }
        return (results, servers.values.compactMap(\.servers))
    }

    private func skipped(_ reason: String) -> [CheckResult] {
        ["secrets", "load balancers", "servers and frameworks"].map {
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
