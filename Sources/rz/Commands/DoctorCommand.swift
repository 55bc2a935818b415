import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Migration
import Provisioning
import Reporting
import Runbooks
import Transport

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for what is missing: tools, files, reachability, rights; and say how to get it.",
        discussion: """
              rz doctor
              rz doctor shop
            """)

    @Argument(help: "Look also at what this environment needs.")
    var environment: String?

    @OptionGroup var project: ProjectOptions

    func run() async throws {
        try await exiting {
            var findings = await tools() + home() + proxyVariables()
            if let environment { findings += await outside(environment) }
            let style = Terminal.standardOutput.style
            for finding in findings {
                Terminal.standardOutput.write(finding.line(style) + "\n")
            }
            let missing = findings.count { $0.verdict == .missing }
            Terminal.standardOutput.write(missing == 0 ? "\nNothing is missing.\n" : "\n\(missing) missing.\n")
            return missing == 0 ? .done : .error
        }
    }

    // MARK: - This host

    private func tools() async -> [Finding] {
        let checkout = (try? ProjectFolder(root: project.chosenRoot))?.root
        return [
            await tool(
                "git", { () throws(Failure) in try Tool.find("git") }, ["--version"], "apt-get install git",
                isNeeded: true),
            await tool(
                "terraform or tofu", Tool.terraform, ["version"],
                "install Terraform or OpenTofu; without, only `provision.static` works"),
            await tool(
                "ansible-playbook", { () throws(Failure) in try Tool.ansible(checkout) }, ["--version"],
                "run scripts/setup, or install ansible-core; without, no server is configured"),
            await tool(
                "haproxy",
                { () throws(Failure) in
                    if let haproxy = try Tool.find("haproxy") { return haproxy }
                    return access("/usr/sbin/haproxy", X_OK) == 0 ? "/usr/sbin/haproxy" : nil
                },
                ["-v"], "apt-get install haproxy; only the sandbox runs it here"),
            await tool(
                "python3", { () throws(Failure) in try Tool.find("python3") }, ["--version"],
                "apt-get install python3; the sandbox needs it"),
        ]
    }

    private func tool(
        _ name: String, _ find: () throws(Failure) -> String?, _ arguments: [String], _ advice: String,
        isNeeded: Bool = false
    ) async -> Finding {
        let found: String?
        do throws(Failure) { found = try find() } catch { return Finding(.missing, name, error) }
        guard let path = found else { return Finding(isNeeded ? .missing : .absent, name, "not found; \(advice)") }
        do {
            let output = try OutputFile()
            var variables = InheritedEnvironment().variables
            variables["CHECKPOINT_DISABLE"] = "1"
            variables["TF_CLI_CONFIG_FILE"] = nil
            _ = try await ChildProcess(
                Command(path, arguments, environment: variables, folder: "/", deadline: .seconds(20))
            ).run(output: output, errors: try OutputFile())
            let version = output.lines().first { !$0.isEmpty } ?? "gives no version"
            return Finding(.fine, name, "\(version) (\(path))")
        } catch {
            return Finding(.missing, name, "\(path) does not run: \(error)")
        }
    }

    private func home() -> [Finding] {
        let places: Places
        do throws(Failure) { places = try Places.trusted() } catch {
            return [Finding(.missing, "rz's home", "\(error)".split(separator: "\n").joined(separator: " "))]
        }
        var folder = places.home
        while access(folder, F_OK) != 0, folder.contains("/"), folder != "/" {
            folder = URL(filePath: folder).deletingLastPathComponent().path
        }
        let isWritable = access(folder, W_OK) == 0
        return [
            Finding(
                isWritable ? .fine : .missing, "rz's home",
                isWritable ? places.home : "\(places.home) can't be written; set RZ_HOME")
        ]
    }

    /// What other programs take a proxy from, and rz doesn't.
    private func proxyVariables() -> [Finding] {
        let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
        let set = ProcessInfo.processInfo.environment.filter {
            names.contains($0.key.uppercased()) && !$0.value.isEmpty
        }
        guard !set.isEmpty else { return [] }
        return [
            Finding(
                .absent, "proxy",
                "\(set.keys.sorted().joined(separator: ", ")): rz ignores what is set, Terraform and Ansible use it; "
                    + "rz's own calls take `proxy` of environment.yaml")
        ]
    }

    // MARK: - The environment

    /// Which proxy holds for rz's own calls. What its URL refers to is not shown.
    private func proxy(_ rules: ProxyRules?) -> Finding {
        guard let rules else { return Finding(.fine, "proxy", "none: rz calls every server itself") }
        let rest = (rules.except ?? []).map { ", " + $0 }.joined()
        return Finding(
            .fine, "proxy",
            "\(HTTPRequest(.get, rules.url.text).shownURL), not for this host, servers of the inventory\(rest)")
    }

    /// Where a secret crosses a network in clear, of the colors whose servers are known.
    private func clearPlaces(_ project: Project) async -> [Finding] {
        var inventories = [Inventory()]
        for color in Color.allCases {
            if let inventory = try? await project.drivers.provisioner.observeServers(color) {
                inventories.append(inventory)
            }
        }
        return (project.environment.clearPlaces(inventories) + project.runbook.clearPlaces(inventories))
            .map { Finding(.absent, "network", $0) }
    }

    private func outside(_ name: String) async -> [Finding] {
        let project: Project
        do {
            project = try await Project.load(name, root: self.project.chosenRoot)
        } catch {
            return [Finding(.missing, name, "\(error)".split(separator: "\n").joined(separator: " "))]
        }
        var findings = [Finding(.fine, name, "environment and runbook are valid")]
        for loadBalancer in project.drivers.loadBalancers {
            do throws(Failure) {
                let state = try await loadBalancer.observe()
                findings.append(
                    Finding(.fine, loadBalancer.name.text, "HAProxy \(state.version), \(state.backends.count) backends")
                )
                for obstacle in try await loadBalancer.observeObstacles(project.environment.traffic) {
                    findings.append(
                        Finding(obstacle.isBlocking ? .missing : .absent, loadBalancer.name.text, obstacle.text))
                }
            } catch {
                findings.append(Finding(.missing, loadBalancer.name.text, error))
            }
        }
        for color in Color.allCases { findings += await platform(color, project) }
        for place in project.environment.insecurePlaces + project.runbook.insecurePlaces {
            findings.append(Finding(.absent, "TLS", place))
        }
        findings.append(proxy(project.environment.proxy))
        findings += await clearPlaces(project)
        for place in project.environment.visibleArguments + project.runbook.visibleArguments {
            findings.append(Finding(.absent, "arguments", place))
        }
        return findings
    }

    private func platform(_ color: Color, _ project: Project) async -> [Finding] {
        do throws(Failure) {
            let inventory = try await project.drivers.provisioner.observeServers(color)
            guard !inventory.isEmpty else { return [Finding(.absent, "\(color)", "has no servers")] }
            let certificates = await self.certificates(color, inventory, project)
            let platform: PlatformState
            do throws(Failure) {
                platform = try await project.drivers.cluster(color, inventory).observePlatform()
            } catch {
                return [Finding(.missing, "\(color)", error)] + certificates
            }
            return [
                Finding(
                    platform.isReady ? .fine : .missing, "\(color)",
                    "\(inventory.hosts.count) servers, \(platform.description) \(platform.missing.joined(separator: "; "))"
                )
            ] + certificates
        } catch {
            return [Finding(.missing, "\(color)", error)]
        }
    }

    /// The certificates of servers that are called over TLS, and how long they are valid.
    private func certificates(_ color: Color, _ inventory: Inventory, _ project: Project) async -> [Finding] {
        await project.drivers.certificates(inventory, true).map { sighting in
            if let warning = sighting.warning(at: SystemClock().now) {
                return Finding(sighting.problem == nil ? .absent : .missing, "\(color)", warning)
            }
            let end = sighting.ends.map { "until \($0.description.prefix(10))" } ?? "without an end"
            return Finding(.fine, "\(color)", "\(sighting.place): certificate of \(sighting.server) \(end)")
        }
    }
}

/// One thing that was looked at.
private struct Finding {
    enum Verdict { case fine, absent, missing }

    var verdict: Verdict
    var subject: String
    var text: String

    init(_ verdict: Verdict, _ subject: String, _ text: String) {
        self.verdict = verdict
        self.subject = subject
        self.text = text
    }

    init(_ verdict: Verdict, _ subject: String, _ failure: Failure) {
        self.init(
            verdict, subject,
            ([failure.summary] + failure.details + [failure.advice].compactMap { $0 }).joined(separator: "; "))
    }

    func line(_ style: Reporting.Style) -> String {
        let mark =
            switch verdict {
            case .fine: style.good("✓")
            case .absent: style.careful("–")
            case .missing: style.bad("✗")
            }
        let name = subject + String(repeating: " ", count: max(0, 18 - subject.count))
        return "\(mark) \(name) \(text)"
    }
}
